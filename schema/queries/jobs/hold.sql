-- Holds a crawl alone: commits, which hold it FOR SHARE, are through or wait.
SELECT state FROM jobs WHERE tenant_id = $1 AND job_id = $2 FOR UPDATE
