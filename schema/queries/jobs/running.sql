-- Running crawls after a cursor.
SELECT tenant_id, job_id FROM dispatch_running_jobs($1, $2, $3)
