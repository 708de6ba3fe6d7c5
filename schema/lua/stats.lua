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
        local record = call('HGET', P .. 'hs', H)
        if record then
            local _, _, _, _, since = parse(HOST, record)
            oldest = min(oldest or now_us, since * 1000)
        end
    end
end
local age = oldest and max(0, math.floor((now_us - oldest) / 1000)) or -1

return 'OK ' .. table.concat({
    max(0, call('HLEN', P .. 'L') - 1), call('ZCARD', P .. 'cool'),
    max(0, tonumber(call('HGET', meta, 'offered') or 0)),
    call('ZCARD', P .. 'ring'), call('ZCARD', P .. 'wk'), call('ZCARD', P .. 'refill'), int(age),
}, ' ')
