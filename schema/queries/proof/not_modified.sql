-- Pages of a crawl that their server answered with 304.
SELECT count(*) FROM crawl_urls
WHERE tenant_id = $1 AND job_id = $2 AND state = 2 AND evidence = '304 Not Modified'
