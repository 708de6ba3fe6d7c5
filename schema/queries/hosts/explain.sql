-- What is known of a host.
SELECT robots_state, robots_body, delay_ms, max_concurrency, rests_ms FROM dispatch_host($1)
