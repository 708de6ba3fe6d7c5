-- Stops serving a tenant that has used up its month: its offers go to others, its lanes back to the ledger.
-- ARGV[2] T   ARGV[3] most offers to give back in this call
-- returns 'STALE' or 'OK <offers still to give back>'
if stale() then return 'STALE' end
local T = ARGV[2]
call('HSET', tenant(T), 'parked', '1')
call('ZREM', P .. 'ring', T)
for _, H in ipairs(call('ZRANGE', P .. 'rd:' .. T, 0, tonumber(ARGV[3]) - 1)) do
    withdraw(H)
    drop_lane(T, H)
    settle(H)
end
return 'OK ' .. call('ZCARD', P .. 'rd:' .. T)
