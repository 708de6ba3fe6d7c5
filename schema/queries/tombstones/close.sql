-- Notes that a crawl was judged, and how many documents it removed; whoever listens is told which.
WITH told AS (
    INSERT INTO outbox (tenant_id, job_id, kind, documents)
    SELECT $1, $2, 'documents_removed', $3::bigint[] WHERE cardinality($3::bigint[]) > 0
), counted AS (
    UPDATE job_progress p SET removed = p.removed + cardinality($3::bigint[])
    WHERE p.tenant_id = $1 AND p.job_id = $2 AND cardinality($3::bigint[]) > 0
)
UPDATE jobs SET judged = true WHERE tenant_id = $1 AND job_id = $2
