-- Fails a claim, for whoever holds it, as in complete.sql. With a pause ($7, microseconds) it goes back to the queue
-- until then, unless that was its last attempt.
WITH done AS (
    UPDATE tasks
    SET state = CASE WHEN $7::bigint IS NOT NULL AND attempts < max_attempts THEN 0 ELSE 3 END,
        rank = CASE WHEN $7::bigint IS NOT NULL AND attempts < max_attempts
                    THEN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $7 ELSE rank END,
        error = $6, lease_until_us = NULL,
        finished_at = CASE WHEN $7::bigint IS NULL OR attempts >= max_attempts THEN clock_timestamp() END,
        expires_at = CASE WHEN $7::bigint IS NULL OR attempts >= max_attempts
                          THEN clock_timestamp() + interval '24 hours' END
    WHERE tenant_id = $1 AND task_id = $2 AND state = 1
      AND ($3::bigint IS NULL OR (generation, fence) = ($3, $4)) AND ($5::text IS NULL OR worker_id = $5)
    RETURNING type_id, rank, generation, fence, state
), counted AS (
    UPDATE task_types y
    SET claimed = y.claimed - 1, queued = y.queued + (done.state = 0)::int, failed = y.failed + (done.state = 3)::int
    FROM done WHERE y.tenant_id = $1 AND y.type_id = done.type_id
)
SELECT type_id, rank, generation, fence FROM done
