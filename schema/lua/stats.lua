-- Counts for operators, each O(1), and the age of the oldest offer of a host in a bounded sample.
-- returns 'STALE' or 'OK <leased> <hosts cooling> <hosts offered> <tenants in the ring> <workers> <refills>
--                        <ms since the oldest offer that can be claimed, -1 if none>'
if stale() then return 'STALE' end

-- Who waits longest comes first in the ring and among a tenant's hosts, nearly always: no need to look at all.
local TENANTS, HOSTS = 100, 4
-- A claim offers the hosts whose time has come: while nobody claims, they are still among the cooling ones.
local due = tonumber(call('ZRANGE', P .. 'cool', 0, 0, 'WITHSCORES')[2] or now)
local oldest = due < now and due * 1000 or nil
for _, T in ipairs(call('ZRANGE', P .. 'ring', 0, TENANTS - 1)) do
    for _, H in ipairs(call('ZRANGE', P .. 'rd:' .. T, 0, HOSTS - 1)) do
        -- Set by the offer, and by nothing else while it stands.
        local offered = tonumber(call('ZSCORE', P .. 'hw:' .. H, T) or now_us)
        oldest = math.min(oldest or offered, offered)
    end
end
local age = oldest and math.max(0, math.floor((now_us - oldest) / 1000)) or -1

return 'OK ' .. table.concat({
    call('HLEN', P .. 'L'), call('ZCARD', P .. 'cool'), call('HLEN', P .. 'ho'),
    call('ZCARD', P .. 'ring'), call('ZCARD', P .. 'wk'), call('ZCARD', P .. 'refill'), int(age),
}, ' ')
