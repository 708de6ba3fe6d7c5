-- Those of the documents that are no tombstones; who judges them waits for this commit.
SELECT d.document_id FROM documents d
WHERE d.tenant_id = $1 AND d.document_id = ANY ($2) AND d.tombstoned_at IS NULL
ORDER BY d.document_id FOR KEY SHARE
