-- Removes the chunks that the new versions of documents no longer have, and returns them. A statement after the one that locked
-- the documents: in one statement both would see the snapshot from before the lock.
DELETE FROM chunks c
WHERE c.tenant_id = $1 AND c.document_id = ANY ($2::bigint[])
  AND NOT EXISTS (SELECT 1 FROM unnest($3::bigint[], $4::uuid[]) AS n(document_id, chunk_id)
                  WHERE n.document_id = c.document_id AND n.chunk_id = c.chunk_id)
RETURNING c.document_id, c.chunk_id
