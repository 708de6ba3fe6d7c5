-- Makes documents tombstones: their number, URL and title stay, and why they went. The content hash becomes that of
-- nothing, so that the page is new when it comes back. How many bytes less the tenant keeps.
WITH dead AS (
    SELECT d.document_id, d.content_hash, d.bytes, b.why
    FROM unnest($3::bigint[], $4::text[]) AS b(document_id, why)
    JOIN documents d ON d.tenant_id = $1 AND d.document_id = b.document_id
), chunks_gone AS (
    DELETE FROM chunks c USING dead WHERE c.tenant_id = $1 AND c.document_id = dead.document_id
), bodies_gone AS (
    DELETE FROM doc_blobs b USING dead WHERE b.tenant_id = $1 AND b.content_hash = dead.content_hash
    RETURNING octet_length(b.body)::bigint AS bytes
), buried AS (
    UPDATE documents d
    SET tombstoned_at = now(), removed_by = $2, removed_why = dead.why, previous_hash = d.content_hash,
        content_hash = '00000000-0000-0000-0000-000000000000', outlinks = '', markdown = '', chunk_count = 0,
        tokens = 0, bytes = 0, etag = NULL, last_modified = NULL
    FROM dead WHERE d.tenant_id = $1 AND d.document_id = dead.document_id
)
SELECT (coalesce((SELECT sum(dead.bytes) FROM dead), 0)
        + coalesce((SELECT sum(bodies_gone.bytes) FROM bodies_gone), 0))::bigint
