-- Lets every host be known: a second between two requests, one at a time.
UPDATE hosts SET delay_ms = 1000, max_concurrency = 1, robots_state = 'allow_all',
                 robots_expires_at = now() + interval '1 day'
WHERE robots_state IS NULL
