-- Tasks that a life of a worker died with. For checkers.
SELECT count(*) FROM crawl_url_deaths WHERE tenant_id = $1 AND incarnation = $2
