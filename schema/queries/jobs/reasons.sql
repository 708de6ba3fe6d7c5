-- Why URLs of a crawl failed, were skipped or wait for another attempt, by verdict.
SELECT state, verdict, count(*) FROM crawl_urls
WHERE tenant_id = $1 AND job_id = $2 AND state IN (0, 6, 7) AND verdict IS NOT NULL
GROUP BY state, verdict ORDER BY count(*) DESC, verdict
