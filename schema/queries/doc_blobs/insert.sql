-- Keeps raw bodies by content; one that is there already is the same. Returns those that were not.
INSERT INTO doc_blobs (tenant_id, content_hash, raw_bytes, body)
SELECT $1, b.* FROM unnest($2::uuid[], $3::bigint[], $4::bytea[]) AS b(content_hash, raw_bytes, body)
ORDER BY b.content_hash
ON CONFLICT (tenant_id, content_hash) DO NOTHING
RETURNING content_hash
