-- Sets shares of tenants in this shard, and tells how they use them. The sum over the shards is kept by the caller.
-- ARGV[2]  number of the caller's leadership: once a later one has called, it may change nothing
-- ARGV[3]  number of shares to set, then per share: T, tasks at once
-- ARGV[.]  tenants to tell of, beside those that fell short of late
-- returns 'STALE', 'OLD', or 'OK' and per tenant: T, share (-1 = none yet), tasks running, hosts offered to it and
--         1 if it fell short of late
if moved() then return 'STALE' end
local LATE = 10000   -- a lane that was passed over is waited for so long (ms)
local TOLD = 500     -- tenants that one answer tells of at most
local GIVEN_BACK = '16'   -- hosts that a tenant at its share leaves to others in one call

local leader = tonumber(call('HGET', meta, 'leader') or 0)
if tonumber(ARGV[2]) < leader then return 'OLD' end
if tonumber(ARGV[2]) > leader then call('HSET', meta, 'leader', ARGV[2]) end

local first, named = 4 + 2 * tonumber(ARGV[3]), {}
for i = 4, first - 1, 2 do named[#named + 1] = ARGV[i] end
load_tenants(named)
for i = 4, first - 1, 2 do
    local t = tenants[ARGV[i]]
    t[CAP], t[SHARE], t[DIRTY] = tonumber(ARGV[i + 1]), true, true
    if not may_run(t) then pass_on(call('ZRANDMEMBER', P .. 'rd:' .. ARGV[i], GIVEN_BACK)) end
end
flush()

for i = first, #ARGV do named[#named + 1] = ARGV[i] end
call('ZREMRANGEBYSCORE', P .. 'short', '-inf', int(now - LATE))
for _, T in ipairs(call('ZRANGE', P .. 'short', '0', int(TOLD - 1))) do named[#named + 1] = T end
load_tenants(named)
local out, named_before = { 'OK' }, {}
for _, T in ipairs(named) do
    if not named_before[T] then
        named_before[T] = true
        local t = tenants[T]
        local late = call('ZSCORE', P .. 'short', T) and 1 or 0
        out[#out + 1] = T .. ' ' .. table.concat({ t[SHARE] and t[CAP] or -1, t[RUNNING], t[OFFERS], late }, ' ')
    end
end
return table.concat(out, ' ')
