-- Keeps a host's robots.txt and what it allows, for the whole fleet.
SELECT dispatch_store_robots($1, $2, $3, $4, $5, $6)
