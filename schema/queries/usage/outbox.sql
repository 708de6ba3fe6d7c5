-- What background work must see: documents of a crawl that are new or changed.
INSERT INTO outbox (tenant_id, job_id, kind, documents) VALUES ($1, $2, 'documents_changed', $3)
