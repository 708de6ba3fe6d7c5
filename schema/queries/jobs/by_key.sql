-- The crawl that was started under an idempotency key, and whether it was the same request.
SELECT job_id, start_url = $3 AND priority = $4 AND scope = $5 AND max_pages IS NOT DISTINCT FROM $6
FROM jobs WHERE tenant_id = $1 AND idempotency_key = $2
