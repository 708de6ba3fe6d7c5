-- An incarnation that drained says goodbye; one that still holds leases is left to the reaper, at once, and that is
-- no death.
-- ARGV[2] incarnation
-- returns 'STALE' or 'OK'
if stale() then return 'STALE' end
local w = ARGV[2]
if suspects() then
    give_back(w)
    flush()
end
if call('EXISTS', P .. 'W:' .. w) == 1 then
    call('ZADD', P .. 'wk', 'XX', '0', w)
else
    call('ZREM', P .. 'wk', w)
    call('ZREM', P .. 'dl', w)
    call('HDEL', P .. 'rq', w)
end
return 'OK'
