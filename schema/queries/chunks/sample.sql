-- Some chunks of a crawl with real text, spread over its documents.
SELECT d.url, d.title, c.heading_path, c.tokens, c.text
FROM (SELECT document_id, url, title FROM documents
      WHERE tenant_id = $1 AND job_id = $2 AND tombstoned_at IS NULL AND chunk_count > 0
      ORDER BY url_hash LIMIT $3) AS d
CROSS JOIN LATERAL (SELECT heading_path, tokens, text FROM chunks
                    WHERE tenant_id = $1 AND document_id = d.document_id
                    ORDER BY tokens DESC, ordinal LIMIT 1) AS c
