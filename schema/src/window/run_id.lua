#!lua flags=no-writes
-- Names the server that serves the shard. A script has a key: the INFO of a client is also answered by a server that
-- no longer serves it.
-- KEYS[1] {tag}:meta
-- returns run_id, '' where it is not told
return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
