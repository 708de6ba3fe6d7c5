-- Documents of the tenant whose text is nearly that of one, the nearest first. Numbers that differ in three bits at
-- most agree in one of their four bands, and each band has an index.
SELECT n.document_id, n.url, bit_count((n.likeness # d.likeness)::bit(64))::int AS distance
FROM documents d
CROSS JOIN LATERAL (
    SELECT o.document_id, o.url, o.likeness FROM documents o
    WHERE o.tenant_id = $1 AND (o.likeness & 65535) = (d.likeness & 65535) AND o.tombstoned_at IS NULL
    UNION
    SELECT o.document_id, o.url, o.likeness FROM documents o
    WHERE o.tenant_id = $1 AND (o.likeness >> 16 & 65535) = (d.likeness >> 16 & 65535) AND o.tombstoned_at IS NULL
    UNION
    SELECT o.document_id, o.url, o.likeness FROM documents o
    WHERE o.tenant_id = $1 AND (o.likeness >> 32 & 65535) = (d.likeness >> 32 & 65535) AND o.tombstoned_at IS NULL
    UNION
    SELECT o.document_id, o.url, o.likeness FROM documents o
    WHERE o.tenant_id = $1 AND (o.likeness >> 48 & 65535) = (d.likeness >> 48 & 65535) AND o.tombstoned_at IS NULL
) AS n
WHERE d.tenant_id = $1 AND d.document_id = $2 AND d.tombstoned_at IS NULL AND n.document_id <> d.document_id
  AND bit_count((n.likeness # d.likeness)::bit(64)) <= $3
ORDER BY distance, n.document_id LIMIT $4
