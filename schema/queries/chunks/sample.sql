-- The largest chunks of some documents of a crawl, unchanged ones included.
SELECT d.url, d.title, c.heading_path, c.tokens, c.text
FROM (SELECT d.document_id, d.url, d.title
      FROM crawl_urls u
      JOIN documents d ON d.tenant_id = u.tenant_id AND d.url_hash = u.url_hash
      WHERE u.tenant_id = $1 AND u.job_id = $2 AND u.state IN (1, 2)
        AND d.tombstoned_at IS NULL AND d.chunk_count > 0
      LIMIT $3) AS d
CROSS JOIN LATERAL (SELECT heading_path, tokens, text FROM chunks
                    WHERE tenant_id = $1 AND document_id = d.document_id
                    ORDER BY tokens DESC, ordinal LIMIT 1) AS c
