-- Pages a crawl may still store; NULL when it has no maximum.
SELECT greatest(0, j.max_pages - p.stored) FROM jobs j
JOIN job_progress p ON p.tenant_id = j.tenant_id AND p.job_id = j.job_id
WHERE j.tenant_id = $1 AND j.job_id = $2
