-- Which documents of the tenant already have these contents, in the order given. Locked: one that is changing in
-- another commit is waited for, and no longer counts when its content has changed. A look-up per content: asked
-- for all at once, a planner without statistics reads all documents of the tenant.
SELECT d.content_hash, d.url_hash, d.document_id, d.url
FROM unnest($2::uuid[]) AS wanted(content_hash)
CROSS JOIN LATERAL (SELECT o.content_hash, o.url_hash, o.document_id, o.url FROM documents o
                    WHERE o.tenant_id = $1 AND o.content_hash = wanted.content_hash AND o.tombstoned_at IS NULL
                    LIMIT 1 FOR SHARE) AS d
