-- Takes an ended crawl for judgement, once; with the crawl before it of the same source and scope, if it ended by
-- itself and the other did.
SELECT j.job_id,
       CASE WHEN j.end_reason = 'exhausted' AND j.scope ->> 'dry_run' IS NULL THEN
           (SELECT b.job_id FROM jobs b
            WHERE b.tenant_id = j.tenant_id AND b.source_id = j.source_id AND b.scope = j.scope
              AND b.state = 'completed' AND b.end_reason = 'exhausted' AND b.job_id < j.job_id
            ORDER BY b.job_id DESC LIMIT 1) END AS before
FROM jobs j
WHERE j.tenant_id = $1 AND j.job_id = $2 AND j.state = 'completed' AND NOT j.judged
FOR UPDATE OF j
