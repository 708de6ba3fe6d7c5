-- What a tenant was billed in all months, by the month's row and by the events.
SELECT coalesce((SELECT sum(pages) FROM tenant_usage WHERE tenant_id = $1), 0)::bigint,
       coalesce((SELECT sum(quantity) FROM usage_events WHERE tenant_id = $1 AND kind = 'page'), 0)::bigint
