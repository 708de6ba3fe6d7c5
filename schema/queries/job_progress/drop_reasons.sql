-- Reasons that no URL has any more.
DELETE FROM job_reasons WHERE tenant_id = $1 AND job_id = $2 AND urls = 0
