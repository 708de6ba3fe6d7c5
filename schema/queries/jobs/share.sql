-- Holds the crawls of a commit: ending, cancelling or reopening them waits until it is through.
SELECT job_id, state, max_pages FROM jobs
WHERE tenant_id = $1 AND job_id = ANY ($2) ORDER BY job_id FOR SHARE
