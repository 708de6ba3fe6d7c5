-- The largest chunks of some documents of a crawl, unchanged ones included. By the partial index of URLs that have a
-- document, and look-ups.
SELECT d.url, d.title, c.heading_path, c.tokens, c.text
FROM (SELECT d.document_id, d.url, d.title
      FROM crawl_urls u
      CROSS JOIN LATERAL (SELECT o.document_id, o.url, o.title FROM documents o
                          WHERE o.tenant_id = u.tenant_id AND o.document_id = u.document_id
                            AND o.tombstoned_at IS NULL AND o.chunk_count > 0
                          LIMIT 1) AS d
      WHERE u.tenant_id = $1 AND u.job_id = $2 AND u.state IN (1, 2) AND u.document_id IS NOT NULL
      LIMIT $3) AS d
CROSS JOIN LATERAL (SELECT heading_path, tokens, text FROM chunks
                    WHERE tenant_id = $1 AND document_id = d.document_id
                    ORDER BY tokens DESC, ordinal LIMIT 1) AS c
