-- Deaths of workers that a crawl's tasks are charged with. For checkers.
SELECT coalesce(sum(deaths), 0)::bigint FROM crawl_urls WHERE tenant_id = $1 AND job_id = $2
