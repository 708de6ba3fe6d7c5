-- Why URLs of some crawls failed or were skipped, most frequent first. A look-up per crawl; there are fewer
-- verdicts than the limit.
SELECT wanted.job_id, r.state, r.verdict, r.urls AS count
FROM unnest($2::bigint[]) AS wanted(job_id)
CROSS JOIN LATERAL (SELECT o.state, o.verdict, o.urls FROM job_reasons o
                    WHERE o.tenant_id = $1 AND o.job_id = wanted.job_id
                    ORDER BY o.urls DESC, o.verdict LIMIT 100) AS r
