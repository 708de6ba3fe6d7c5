-- The documents that a crawl stored or found unchanged, after a cursor. By the partial index of such URLs and a
-- look-up per document. Two URLs may have led to one document.
SELECT DISTINCT ON (u.document_id) u.document_id, d.url, d.title, d.language, d.chunk_count, d.tokens
FROM crawl_urls u
CROSS JOIN LATERAL (SELECT o.url, o.title, o.language, o.chunk_count, o.tokens FROM documents o
                    WHERE o.tenant_id = u.tenant_id AND o.document_id = u.document_id AND o.tombstoned_at IS NULL
                    LIMIT 1) AS d
WHERE u.tenant_id = $1 AND u.job_id = $2 AND u.document_id > $3
  AND u.state IN (1, 2) AND u.document_id IS NOT NULL
ORDER BY u.document_id LIMIT $4
