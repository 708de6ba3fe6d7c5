-- Those of the documents ($3) that another crawl has: a later or running one that found the page, or, for what is not
-- linked any more ($4), one that knows its URL, or the last of another source or scope.
WITH this AS (SELECT j.source_id, j.scope FROM jobs j WHERE j.tenant_id = $1 AND j.job_id = $2),
rivals AS MATERIALIZED (
    SELECT j.job_id, true AS is_later FROM jobs j
    WHERE j.tenant_id = $1 AND j.job_id <> $2 AND (j.job_id > $2 OR j.state IN ('running', 'paused'))
    UNION ALL
    (SELECT DISTINCT ON (j.source_id, j.scope) j.job_id, false FROM jobs j, this
     WHERE j.tenant_id = $1 AND j.state = 'completed'
       AND (j.source_id, j.scope) IS DISTINCT FROM (this.source_id, this.scope)
     ORDER BY j.source_id, j.scope, j.job_id DESC)
)
SELECT d.document_id
FROM unnest($3::bigint[], $4::boolean[]) AS lost(document_id, unlinked)
JOIN documents d ON d.tenant_id = $1 AND d.document_id = lost.document_id
WHERE EXISTS (
    SELECT 1 FROM rivals r
    JOIN crawl_urls u ON u.tenant_id = $1 AND u.job_id = r.job_id AND u.url_hash = d.url_hash
    WHERE (u.state IN (1, 2) AND (r.is_later OR lost.unlinked)) OR (u.state = 0 AND r.is_later AND lost.unlinked))
