-- Documents whose chunks are not exactly those of one version.
SELECT d.url FROM documents d
LEFT JOIN LATERAL (SELECT count(*) AS n, coalesce(max(c.ordinal) + 1, 0) AS width, count(DISTINCT c.ordinal) AS kinds,
                          coalesce(sum(c.tokens), 0) AS tokens
                   FROM chunks c WHERE c.tenant_id = d.tenant_id AND c.document_id = d.document_id) AS c ON true
WHERE d.tenant_id = $1 AND (c.n, c.width, c.kinds, c.tokens) <> (d.chunk_count, d.chunk_count, d.chunk_count, d.tokens)
