-- Counts ended URLs by verdict. Sorted, so that two commits take the rows in one order.
INSERT INTO job_reasons AS r (tenant_id, job_id, state, verdict, urls)
SELECT $1, n.job_id, n.state, n.verdict, n.urls
FROM unnest($2::bigint[], $3::smallint[], $4::text[], $5::bigint[]) AS n(job_id, state, verdict, urls)
ORDER BY n.job_id, n.state, n.verdict
ON CONFLICT (tenant_id, job_id, state, verdict) DO UPDATE SET urls = r.urls + EXCLUDED.urls
