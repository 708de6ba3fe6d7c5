-- Lanes with open rows in a running crawl.
SELECT tenant_id, host_id FROM dispatch_lanes($1, $2)
