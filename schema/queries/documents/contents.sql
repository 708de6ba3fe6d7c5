-- Every live document with its content hash, for checkers, after a cursor.
SELECT document_id, url, content_hash FROM documents
WHERE tenant_id = $1 AND document_id > $2 AND tombstoned_at IS NULL ORDER BY document_id LIMIT $3
