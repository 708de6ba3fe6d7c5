-- The chunks of a document in their order, after a cursor.
SELECT replace(chunk_id::text, '-', '') AS chunk_id, ordinal, heading_path, tokens, start_byte, end_byte, text
FROM chunks
WHERE tenant_id = $1 AND document_id = $2 AND ordinal > $3
ORDER BY ordinal LIMIT $4
