-- The stored links of a document, for replay after a 304.
SELECT document_id, outlinks FROM documents WHERE tenant_id = $1 AND url_hash = $2 AND tombstoned_at IS NULL
