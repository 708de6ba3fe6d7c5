-- Bills a commit: what background work must see (documents that are new or changed, $3, by their crawls, $2), a usage
-- event per crawl ($4) and kind ($5), and the tenant's pages, bytes and tokens. Returns the limit that these would pass (then
-- the whole commit is to be undone), and the pages that the month has left.
WITH told AS (
    INSERT INTO outbox (tenant_id, job_id, kind, documents)
    SELECT $1, d.job_id, 'documents_changed', array_agg(d.document_id)
    FROM unnest($2::bigint[], $3::bigint[]) AS d(job_id, document_id) GROUP BY d.job_id
), recorded AS (
    INSERT INTO usage_events (tenant_id, job_id, kind, quantity)
    SELECT $1, e.* FROM unnest($4::bigint[], $5::text[], $6::bigint[]) AS e(job_id, kind, quantity)
)
SELECT refused, pages_left FROM record_tenant_usage($1, $7, $8, $9)
