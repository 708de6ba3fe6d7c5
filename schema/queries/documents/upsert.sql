-- Writes new versions of documents and locks their rows until the commit. Newer = later hydrate time by
-- Postgres' clock, then task number; an older version returns no row. previous_hash tells what was replaced, the
-- last column by how many bytes the document grew.
INSERT INTO documents AS d (tenant_id, url_hash, url, job_id, task_id, hydrated_us, content_hash, title,
    language, canonical, content_type, etag, last_modified, outlinks, markdown, chunk_count, tokens, bytes,
    metadata, likeness)
SELECT $1, n.* FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::uuid[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bytea[], $15::bytea[],
    $16::int[], $17::bigint[], $18::bigint[], $19::jsonb[],
    $20::bigint[]) AS n(url_hash, url, job_id, task_id, hydrated_us, content_hash,
    title, language, canonical, content_type, etag, last_modified, outlinks, markdown, chunk_count, tokens, bytes,
    metadata, likeness)
ORDER BY n.url_hash
ON CONFLICT (tenant_id, url_hash) DO UPDATE SET
    job_id = EXCLUDED.job_id, task_id = EXCLUDED.task_id, hydrated_us = EXCLUDED.hydrated_us,
    previous_hash = d.content_hash, content_hash = EXCLUDED.content_hash, title = EXCLUDED.title,
    language = EXCLUDED.language, canonical = EXCLUDED.canonical, content_type = EXCLUDED.content_type,
    etag = EXCLUDED.etag, last_modified = EXCLUDED.last_modified, outlinks = EXCLUDED.outlinks,
    -- The same body keeps its chunks, so also what must agree with them: another build may extract it otherwise.
    markdown = CASE WHEN d.content_hash = EXCLUDED.content_hash THEN d.markdown ELSE EXCLUDED.markdown END,
    chunk_count = CASE WHEN d.content_hash = EXCLUDED.content_hash THEN d.chunk_count ELSE EXCLUDED.chunk_count END,
    tokens = CASE WHEN d.content_hash = EXCLUDED.content_hash THEN d.tokens ELSE EXCLUDED.tokens END,
    likeness = CASE WHEN d.content_hash = EXCLUDED.content_hash THEN d.likeness ELSE EXCLUDED.likeness END,
    metadata = EXCLUDED.metadata, previous_bytes = d.bytes,
    bytes = CASE WHEN d.content_hash = EXCLUDED.content_hash THEN d.bytes ELSE EXCLUDED.bytes END,
    fetched_at = now(), tombstoned_at = NULL, removed_by = NULL, removed_why = NULL
    WHERE (d.hydrated_us, d.task_id) < (EXCLUDED.hydrated_us, EXCLUDED.task_id)
RETURNING d.url_hash, d.document_id, d.previous_hash, d.bytes - d.previous_bytes
