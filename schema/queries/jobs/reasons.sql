-- Why URLs of a crawl failed or were skipped, by verdict, from the counters that each commit keeps.
SELECT state, verdict, urls AS count FROM job_reasons
WHERE tenant_id = $1 AND job_id = $2
ORDER BY urls DESC, verdict
