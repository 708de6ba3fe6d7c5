-- Cancels a crawl; waits for commits in flight, which hold the row FOR SHARE. Its open URLs keep their rows:
-- their verdict is the crawl's.
UPDATE jobs SET state = 'cancelled', end_reason = 'cancelled', ended_at = now()
WHERE tenant_id = $1 AND job_id = $2 AND state IN ('running', 'paused')
RETURNING job_id
