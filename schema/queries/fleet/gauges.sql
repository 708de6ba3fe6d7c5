-- Workers by state, and the length of the outbox.
SELECT kind, pool, value FROM dispatch_fleet_gauges()
