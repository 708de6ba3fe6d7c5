-- Crawls that have ended by themselves and were not judged yet, the oldest first.
SELECT tenant_id, job_id FROM dispatch_unjudged_jobs($1)
