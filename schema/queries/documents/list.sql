-- A tenant's documents in the order of their numbers, after a cursor.
SELECT document_id, url, title, language, chunk_count, tokens FROM documents
WHERE tenant_id = $1 AND document_id > $2 AND tombstoned_at IS NULL
ORDER BY document_id LIMIT $3
