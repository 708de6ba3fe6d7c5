-- The fleet's copy of a host's robots.txt, if it is still fresh.
SELECT robots_state, robots_body, expires_in_ms FROM dispatch_robots($1)
