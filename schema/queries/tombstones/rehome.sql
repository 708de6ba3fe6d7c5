-- A document whose page is gone while the crawl ($2) found its content at another URL lives on there. Its validators
-- were those of the old URL.
UPDATE documents d
SET url = home.url, url_hash = home.url_hash, etag = NULL, last_modified = NULL
FROM (SELECT DISTINCT ON (u.document_id) u.document_id, u.url, u.url_hash FROM crawl_urls u
      WHERE u.tenant_id = $1 AND u.job_id = $2 AND u.state = 3 AND u.document_id = ANY ($3)
        AND NOT EXISTS (SELECT 1 FROM documents o WHERE o.tenant_id = u.tenant_id AND o.url_hash = u.url_hash)
      ORDER BY u.document_id, u.depth, u.task_id) AS home
WHERE d.tenant_id = $1 AND d.document_id = home.document_id
RETURNING d.document_id
