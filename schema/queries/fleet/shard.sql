-- The generation of a dispatch shard and the Redis server it was loaded into.
SELECT generation, run_id, raised_us FROM dispatch_shard($1)
