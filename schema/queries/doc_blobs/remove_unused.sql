-- Removes bodies that no document has any more. Only their owner could have changed, and it is locked.
DELETE FROM doc_blobs b USING unnest($2::uuid[]) AS gone(content_hash)
WHERE b.tenant_id = $1 AND b.content_hash = gone.content_hash
  AND NOT EXISTS (SELECT 1 FROM documents d WHERE d.tenant_id = b.tenant_id AND d.content_hash = b.content_hash
                                              AND d.tombstoned_at IS NULL)
RETURNING b.content_hash, octet_length(b.body)::bigint
