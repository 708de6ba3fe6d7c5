-- Whether the tenant has this document.
SELECT EXISTS (SELECT 1 FROM documents WHERE tenant_id = $1 AND document_id = $2 AND tombstoned_at IS NULL)
