-- Adds chunks; one that the document had already keeps its row and only moves. Returns what was written, and whether
-- it is new: a row that was inserted has no xmax, one that was updated has ours.
INSERT INTO chunks AS c (tenant_id, document_id, chunk_id, ordinal, heading_path, tokens, start_byte, end_byte, text)
SELECT $1, n.document_id, n.chunk_id, n.ordinal, string_to_array(n.headings, E'\x1f'), n.tokens, n.start_byte,
       n.end_byte, n.text
FROM unnest($2::bigint[], $3::uuid[], $4::int[], $5::text[], $6::int[], $7::int[], $8::int[], $9::text[])
     AS n(document_id, chunk_id, ordinal, headings, tokens, start_byte, end_byte, text)
ON CONFLICT (tenant_id, document_id, chunk_id) DO UPDATE
    SET ordinal = EXCLUDED.ordinal, start_byte = EXCLUDED.start_byte, end_byte = EXCLUDED.end_byte
    WHERE (c.ordinal, c.start_byte, c.end_byte) <> (EXCLUDED.ordinal, EXCLUDED.start_byte, EXCLUDED.end_byte)
RETURNING c.document_id, c.chunk_id, c.xmax = 0
