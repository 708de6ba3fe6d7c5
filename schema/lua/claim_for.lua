-- Takes one task of one tenant for a worker of its own, the most urgent of all its lanes or of some. Its lease has an
-- end of its own, because such a worker sends no heartbeats.
-- ARGV[2] T   ARGV[3] incarnation   ARGV[4] name of the request (32 hex digits, '-' = none)   ARGV[5] lease in ms
-- ARGV[6] tasks of the tenant at once   ARGV[7...] hosts of the lanes to take from; none = all
-- returns 'STALE' or 'OK <ms until it is worth asking again, -1 if only a push can change it> [id T H fence rank]'
if moved() then return 'STALE' end
local T, w, request, most = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[6])
local OUTLIVES = 3600000 -- its leases end one by one; the worker is forgotten so long after the last of them (ms)
local offers, ends = P .. 'rd:' .. T, now + tonumber(ARGV[5])

-- The reply of the last request may have been lost on the way: the same task again, while its lease stands.
local last = call('HGET', P .. 'rq', w)
if last and request ~= '-' then
    local name, task, id, fence = match(last, '^(%S+) ((%d+) %d+ %d+ (%d+) %-?%d+)$')
    if name == request and lease_of(id) == tonumber(fence) then return 'OK -1 ' .. task end
end

local t = of_tenant(T)
t[CAP], t[DIRTY] = most, true
take_up_due('64')

local function best()
    if #ARGV < 7 then return call('ZRANGE', offers, '0', '0')[1] end
    local found, urgency = nil, math.huge
    for i = 7, #ARGV do
        local rank = tonumber(call('ZSCORE', offers, ARGV[i]) or math.huge)
        if rank < urgency then found, urgency = ARGV[i], rank end
    end
    return found
end

local function take(H, h, id, rank)
    local fence = call('HINCRBY', meta, 'fence', '1')
    call('ZREM', lane(T, H), id)
    call('HSET', P .. 'L', id, pack(LEASE, fence, ends, rank, w, T, H, ''))
    call('SADD', P .. 'W:' .. w, id)
    call('ZADD', P .. 'dl', 'LT', int(ends), w)
    call('ZADD', P .. 'wk', 'GT', int(ends + OUTLIVES), w)
    h[FLYING], t[RUNNING], t[DIRTY] = h[FLYING] + 1, t[RUNNING] + 1, true
    local left = call('ZCARD', lane(T, H))
    if left <= LOW_WATER and call('HEXISTS', P .. 'more', T .. ':' .. H) == 1 then request_refill(T, H) end
    return id .. ' ' .. T .. ' ' .. H .. ' ' .. int(fence) .. ' ' .. rank
end

local taken, tries = nil, 0
local room = t[RUNNING] < most
while room and not taken and tries < 16 do
    tries = tries + 1
    flush()
    local H = best()
    if not H then break end
    local h = of_host(H)
    withdraw(H, h)
    local head = call('ZRANGE', lane(T, H), '0', '0', 'WITHSCORES')
    if head[1] and is_due(head[2]) then taken = take(H, h, head[1], head[2]) end
    settle(H, h)
end
flush()

local more = t[OFFERS] > 0
if taken then
    -- One waiter was woken for this; if there is more to do, wake the next.
    if more then signal('wake') end
    if request ~= '-' then call('HSET', P .. 'rq', w, request .. ' ' .. taken) end
    return 'OK -1 ' .. taken
end
-- Full, or sixteen offers were of lanes that had been emptied from outside.
if more and (not room or tries == 16) then return 'OK ' .. (room and '0' or '1000') end
local next_due = call('ZRANGE', P .. 'cool', '0', '0', 'WITHSCORES')
return 'OK ' .. int(next_due[2] and max(0, tonumber(next_due[2]) - now) or -1)
