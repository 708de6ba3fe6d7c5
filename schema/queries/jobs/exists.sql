-- Whether the tenant has this crawl.
SELECT EXISTS (SELECT 1 FROM jobs WHERE tenant_id = $1 AND job_id = $2)
