-- Bills a commit: what background work must see (documents that are new or changed, $3, by their crawls, $2, and the
-- chunks that came, $10 to $12, and went, $13 to $15, each with its crawl and document), a usage event per crawl ($4) and
-- kind ($5), and the tenant's pages, bytes and tokens. Returns the limit that these would pass (then the whole commit is
-- to be undone), and the pages that the month has left.
WITH told AS (
    INSERT INTO outbox (tenant_id, job_id, kind, documents, added_to, added, removed_from, removed)
    SELECT $1, j.job_id, 'documents_changed', d.documents, a.added_to, a.added, r.removed_from, r.removed
    FROM unnest($4::bigint[]) AS j(job_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(n.document_id), '{}') AS documents
        FROM unnest($2::bigint[], $3::bigint[]) AS n(job_id, document_id) WHERE n.job_id = j.job_id
    ) AS d
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(n.document_id), '{}') AS added_to, coalesce(array_agg(n.chunk_id), '{}') AS added
        FROM unnest($10::bigint[], $11::bigint[], $12::uuid[]) AS n(job_id, document_id, chunk_id)
        WHERE n.job_id = j.job_id
    ) AS a
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(n.document_id), '{}') AS removed_from,
               coalesce(array_agg(n.chunk_id), '{}') AS removed
        FROM unnest($13::bigint[], $14::bigint[], $15::uuid[]) AS n(job_id, document_id, chunk_id)
        WHERE n.job_id = j.job_id
    ) AS r
), recorded AS (
    INSERT INTO usage_events (tenant_id, job_id, kind, quantity)
    SELECT $1, e.* FROM unnest($4::bigint[], $5::text[], $6::bigint[]) AS e(job_id, kind, quantity)
)
SELECT refused, pages_left FROM record_tenant_usage($1, $7, $8, $9)
