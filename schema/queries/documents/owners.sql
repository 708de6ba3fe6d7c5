-- Which documents of the tenant already have these contents. Locked: one that is changing in another commit is
-- waited for, and no longer counts when its content has changed.
SELECT content_hash, url_hash, document_id, url FROM documents
WHERE tenant_id = $1 AND content_hash = ANY ($2) AND tombstoned_at IS NULL
ORDER BY url_hash FOR SHARE
