-- Lets a completed crawl run again.
UPDATE jobs SET state = 'running', end_reason = NULL, ended_at = NULL, judged = false
WHERE tenant_id = $1 AND job_id = $2 AND state = 'completed'
