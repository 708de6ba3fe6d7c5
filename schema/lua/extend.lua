-- Moves the end of a lease that was taken without heartbeats.
-- ARGV[2] task id   ARGV[3] fence   ARGV[4] ms from now
-- returns 'STALE' or 'OK <1 moved, 0 the lease is not ours>'
if moved() then return 'STALE' end
local fence, _, rank, w, T, H, lock = lease_of(ARGV[2])
if fence ~= tonumber(ARGV[3]) then return 'OK 0' end
local OUTLIVES = 3600000 -- as in claim_for.lua
local ends = now + tonumber(ARGV[4])
call('HSET', P .. 'L', ARGV[2], pack(LEASE, fence, ends, rank, w, T, H, lock))
call('ZADD', P .. 'dl', 'LT', int(ends), w)
call('ZADD', P .. 'wk', 'GT', int(ends + OUTLIVES), w)
return 'OK 1'
