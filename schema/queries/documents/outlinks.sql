-- The stored links of pages, by the hashes of their URLs; those that have no document are left out.
SELECT d.url_hash, d.outlinks
FROM unnest($2::uuid[]) AS wanted(url_hash)
CROSS JOIN LATERAL (SELECT o.url_hash, o.outlinks FROM documents o
                    WHERE o.tenant_id = $1 AND o.url_hash = wanted.url_hash AND o.tombstoned_at IS NULL LIMIT 1) AS d
