-- The shards of a queue's dispatch window, those in use first.
SELECT shards, shard, tag, generation, run_id, raised_us, retired FROM dispatch_shards_of($1)
