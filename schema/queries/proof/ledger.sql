-- Rows of a crawl by state, counted one by one. For checkers: the product reads the counters.
SELECT state, count(*) FROM crawl_urls WHERE tenant_id = $1 AND job_id = $2 GROUP BY state
