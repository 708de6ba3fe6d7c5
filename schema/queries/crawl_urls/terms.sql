-- What the tenants and hosts of these lanes allow.
SELECT tenant_id, host_id, weight, max_crawlers, room, delay_ms, max_concurrency, not_before_ms
FROM dispatch_terms($1, $2)
