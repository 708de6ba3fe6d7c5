-- Ends tasks, or sends them to their next attempt (state 0 and a wait). Only from the open state, and only
-- under the fence that the caller hydrated with: no row means that the task is somebody else's now. A row that waits
-- for its next attempt is in nobody's hand (hydrated_us): a commit that comes again, because its answer was lost,
-- counts no second attempt and finds the same rank.
UPDATE crawl_urls u
SET state = e.state, verdict = e.verdict, evidence = e.evidence,
    -- A URL that could not be had keeps the document that it had: whoever compares two crawls looks for it.
    document_id = CASE WHEN e.document_id IS NULL AND e.state IN (4, 6, 7)
                       THEN (SELECT d.document_id FROM documents d
                             WHERE d.tenant_id = u.tenant_id AND d.url_hash = u.url_hash AND d.tombstoned_at IS NULL)
                       ELSE e.document_id END,
    attempts = u.attempts + CASE WHEN u.hydrated_us IS NULL THEN 0 ELSE e.failed_attempts END,
    hydrated_us = CASE WHEN e.state = 0 THEN NULL ELSE u.hydrated_us END,
    rank = CASE WHEN e.wait_us IS NULL OR u.hydrated_us IS NULL THEN u.rank
                ELSE (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + e.wait_us END,
    ended_at = CASE WHEN e.state = 0 THEN NULL ELSE now() END
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::text[], $7::text[], $8::bigint[],
            $9::smallint[], $10::bigint[])
     AS e(task_id, generation, fence, state, verdict, evidence, document_id, failed_attempts, wait_us)
-- state + 0: the index of open rows must not be taken; a planner without statistics would read all of it.
WHERE u.tenant_id = $1 AND u.task_id = e.task_id AND u.state + 0 = 0
  AND u.generation = e.generation AND u.fence = e.fence
RETURNING u.task_id, u.rank
