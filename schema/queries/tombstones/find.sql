-- Why a page's document was removed, if it was.
SELECT d.document_id, d.removed_why, d.removed_by,
       to_char(d.tombstoned_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS removed_at
FROM documents d
WHERE d.tenant_id = $1 AND d.url_hash = ANY ($2) AND d.tombstoned_at IS NOT NULL AND d.removed_why IS NOT NULL
LIMIT 1
