-- Keeps an incarnation alive, or brings a new one in. One write renews every lease that it holds.
-- ARGV[2] incarnation   ARGV[3] ttl in ms   ARGV[4] 'join' or 'renew'
-- returns 'OK', 'STALE', or 'GONE' when the deadline has passed: its leases are no longer its own
if moved() then return 'STALE' end
local w = ARGV[2]
local deadline = tonumber(call('ZSCORE', P .. 'wk', w) or 0)
if ARGV[4] == 'renew' and deadline <= now then return 'GONE' end
call('ZADD', P .. 'wk', int(now + tonumber(ARGV[3])), w)
return 'OK'
