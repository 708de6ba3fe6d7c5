-- Starts a crawl. No row: one with this idempotency key exists.
INSERT INTO jobs (tenant_id, source_id, start_url, priority, scope, max_pages, idempotency_key, trace_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id, idempotency_key) DO NOTHING
RETURNING job_id
