-- Takes up to n tasks for an incarnation: due hosts are offered, then the tenant with the least virtual time
-- is served with its best host's most urgent task, until the batch is full or nothing can be claimed.
-- ARGV[2] incarnation   ARGV[3] request number   ARGV[4] n (<= 32)   ARGV[5] hard deadline in ms from now
-- returns 'STALE', 'GONE', or 'OK <ms until the next host is due, -1 if none> [id T H fence rank]...'
if moved() then return 'STALE' end
local w, request, n = ARGV[2], ARGV[3], tonumber(ARGV[4])
if tonumber(call('ZSCORE', P .. 'wk', w) or 0) <= now then return 'GONE' end

-- The reply of the last request may have been lost on the way: the same batch again, not a second one.
local last = call('HGET', P .. 'rq', w)
if last then
    local number, reply = string.match(last, '^(%d+) (.*)$')
    if number == request then return reply end
end

local COST = 1000000     -- virtual time of one task at weight 1
local hard = int(now + tonumber(ARGV[5]))
for _, H in ipairs(call('ZRANGEBYSCORE', P .. 'cool', '-inf', int(now), 'LIMIT', 0, n + 16)) do
    call('ZREM', P .. 'cool', H)
    settle(H)
end

local function take(T, H, id, rank)
    local fence = int(call('HINCRBY', meta, 'fence', 1))
    call('ZREM', lane(T, H), id)
    call('HSET', P .. 'L', id, fence .. ' ' .. w .. ' ' .. T .. ' ' .. H .. ' ' .. rank .. ' -')
    call('SADD', P .. 'W:' .. w, id)
    call('ZADD', P .. 'dl', hard, id)
    call('HINCRBY', P .. 'hf', H, 1)
    local left = call('ZCARD', lane(T, H))
    if left <= LOW_WATER and call('HEXISTS', P .. 'more', T .. ':' .. H) == 1 then request_refill(T, H) end
    -- Hosts that take several at once are paced from start to start.
    local delay, most = terms(H)
    if most > 1 and delay > 0 then call('ZADD', P .. 'hc', 'GT', int(now + delay), H) end
    return fence
end

local function charge(T, pass)
    local t = call('HMGET', tenant(T), 'weight', 'cap')
    local running = call('HINCRBY', tenant(T), 'running', 1)
    pass = pass + COST / (tonumber(t[1]) or 1)
    call('HSET', tenant(T), 'pass', int(pass))
    if running >= (tonumber(t[2]) or 1) then
        call('ZREM', P .. 'ring', T)
        -- What it can't take now others may. A sample, because this happens with every claim at the cap.
        for _, H in ipairs(call('ZRANDMEMBER', P .. 'rd:' .. T, 4)) do
            if call('ZCARD', P .. 'hw:' .. H) > 1 then
                withdraw(H)
                settle(H)
            end
        end
    else
        call('ZADD', P .. 'ring', 'XX', int(pass), T)
    end
end

local taken, tries = {}, 0
while #taken < n and tries < 4 * n do
    tries = tries + 1
    local next_tenant = call('ZRANGE', P .. 'ring', 0, 0, 'WITHSCORES')
    local T = next_tenant[1]
    if not T then break end
    local pass = tonumber(next_tenant[2])
    call('HSET', meta, 'vfloor', int(pass))
    local H = call('ZRANGE', P .. 'rd:' .. T, 0, 0)[1]
    if not H then
        call('ZREM', P .. 'ring', T)
    else
        call('HDEL', P .. 'ho', H)
        call('ZREM', P .. 'rd:' .. T, H)
        local head = call('ZRANGE', lane(T, H), 0, 0, 'WITHSCORES')
        if head[1] and tonumber(head[2]) <= now_us then
            local rank = int(tonumber(head[2]))
            local fence = take(T, H, head[1], rank)
            taken[#taken + 1] = head[1] .. ' ' .. T .. ' ' .. H .. ' ' .. fence .. ' ' .. rank
            charge(T, pass)
        end
        settle(H)
        if call('EXISTS', P .. 'rd:' .. T) == 0 then call('ZREM', P .. 'ring', T) end
    end
end

-- One waiter was woken for this; if there is more to do, wake the next.
if call('EXISTS', P .. 'ring') == 1 then signal('wake') end
local due = call('ZRANGE', P .. 'cool', 0, 0, 'WITHSCORES')
local wait = due[2] and math.max(0, tonumber(due[2]) - now) or -1
local reply = 'OK ' .. int(wait)
if #taken > 0 then reply = reply .. ' ' .. table.concat(taken, ' ') end
call('HSET', P .. 'rq', w, request .. ' ' .. reply)
return reply
