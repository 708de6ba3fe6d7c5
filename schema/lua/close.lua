-- Ends a window for good whose shard is no longer in use: all that still speak to it are told that it is stale.
-- ARGV[1]  its generation; a later one, which another division into shards has opened under the same tag, stays
-- returns 1 closed, 0 not
local current = tonumber(call('HGET', meta, 'gen') or math.huge)
if current > tonumber(ARGV[1]) then return 0 end
call('UNLINK', meta, TAG .. 'wake', TAG .. 'feed')
return 1
