-- One document with its Markdown (zstd) and the size of the body that it was made from.
SELECT d.document_id, d.url, d.title, d.language, d.chunk_count, d.tokens, d.canonical, d.metadata, d.content_type,
       d.last_modified, to_char(d.fetched_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS fetched_at,
       replace(d.content_hash::text, '-', '') AS content_hash, d.job_id AS crawl, d.markdown,
       (SELECT b.raw_bytes FROM doc_blobs b
        WHERE b.tenant_id = d.tenant_id AND b.content_hash = d.content_hash) AS raw_bytes
FROM documents d
WHERE d.tenant_id = $1 AND d.document_id = $2 AND d.tombstoned_at IS NULL
