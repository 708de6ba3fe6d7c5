-- The crawl that was started under an idempotency key.
SELECT job_id, start_url FROM jobs WHERE tenant_id = $1 AND idempotency_key = $2
