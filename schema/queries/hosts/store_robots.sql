-- Keeps a host's robots.txt and what it allows, for the whole fleet, and says which copy holds.
SELECT robots_state, robots_body, kept_ms FROM dispatch_store_robots($1, $2, $3, $4, $5, $6, $7)
