-- The chunks of new documents, in the order of their key: nobody else can have rows of theirs, so no conflict is looked
-- for, and one page of the index is filled after the other. Sorted by the caller.
INSERT INTO chunks (tenant_id, document_id, chunk_id, ordinal, heading_path, tokens, start_byte, end_byte, text)
SELECT $1, n.document_id, n.chunk_id, n.ordinal, string_to_array(n.headings, E'\x1f'), n.tokens, n.start_byte,
       n.end_byte, n.text
FROM unnest($2::bigint[], $3::uuid[], $4::int[], $5::text[], $6::int[], $7::int[], $8::int[], $9::text[])
     AS n(document_id, chunk_id, ordinal, headings, tokens, start_byte, end_byte, text)
