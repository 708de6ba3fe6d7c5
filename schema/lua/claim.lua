-- Takes up to n tasks for an incarnation: due hosts are offered, then the tenant with the least virtual time
-- is served with its best host's most urgent task, until the batch is full or nothing can be claimed.
-- A suspect is given alone, to a hand that is empty. Met by a worker with tasks in hand, it is kept for it until these
-- have ended: the worker is told, and gets nothing else meanwhile.
-- ARGV[2] incarnation   ARGV[3] request number   ARGV[4] n (<= 32)   ARGV[5] hard deadline in ms from now
-- returns 'STALE', 'GONE', or 'OK <ms until the next host is due, -1 if none> <alone> [id T H fence rank]...';
--         alone = 1: to claim again when the hand is empty and then so many ms have passed
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
local KEPT = 30000       -- a suspect waits so long for a hand to get empty (ms)
local PATIENCE = 5000    -- and then an empty hand for the host's clock, or for one delay of the host (ms)
local AGAIN = 100        -- when to ask again, for a worker that does not wait for its hand to get empty (ms)
local taken, alone, held = {}, '0', false

local function answer(wait)
    -- One waiter was woken for this; if there is more to do, wake the next.
    if call('EXISTS', P .. 'ring') == 1 then signal('wake') end
    local reply = 'OK ' .. int(wait) .. ' ' .. alone
    if #taken > 0 then reply = reply .. ' ' .. table.concat(taken, ' ') end
    call('HSET', P .. 'rq', w, request .. ' ' .. reply)
    return reply
end

-- Whoever holds a suspect holds nothing else, so any of its leases tells.
if suspects() then
    held = call('SRANDMEMBER', P .. 'W:' .. w)
    if held and (suspicion(held) or call('HEXISTS', P .. 'kp', w) == 1) then
        alone = '1'
        return answer(AGAIN)
    end
end

local hard = int(now + tonumber(ARGV[5]))
for _, H in ipairs(call('ZRANGEBYSCORE', P .. 'cool', '-inf', int(now), 'LIMIT', 0, n + 16)) do
    call('ZREM', P .. 'cool', H)
    settle(H)
end

local function leave_lane(T, H, id)
    call('ZREM', lane(T, H), id)
    local left = call('ZCARD', lane(T, H))
    if left <= LOW_WATER and call('HEXISTS', P .. 'more', T .. ':' .. H) == 1 then request_refill(T, H) end
end

local function lease(T, H, id, rank)
    local fence = int(call('HINCRBY', meta, 'fence', 1))
    call('HSET', P .. 'L', id, fence .. ' ' .. w .. ' ' .. T .. ' ' .. H .. ' ' .. rank .. ' -')
    call('SADD', P .. 'W:' .. w, id)
    call('ZADD', P .. 'dl', hard, id)
    -- Hosts that take several at once are paced from start to start.
    local delay, most = terms(H)
    if most > 1 and delay > 0 then call('ZADD', P .. 'hc', 'GT', int(now + delay), H) end
    taken[#taken + 1] = id .. ' ' .. T .. ' ' .. H .. ' ' .. fence .. ' ' .. rank
end

local function keep(T, H, id, rank, booked)
    call('HSET', P .. 'su', id, w)
    call('HSET', P .. 'kp', w, table.concat({ id, T, H, rank, booked }, ' '))
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

-- The suspect that was kept until this hand was empty. Returns how long to wait where its host's clock is ahead by
-- little; where it is far ahead, the suspect goes back, and the worker to other tasks.
local function take_kept()
    local kept = suspects() and call('HGET', P .. 'kp', w)
    if not kept then return end
    local id, T, H, rank, booked = string.match(kept, '^(%d+) (%d+) (%d+) (%-?%d+) (%d+)$')
    local delay = terms(H)
    local clock_of_host = tonumber(call('ZSCORE', P .. 'hc', H) or 0)
    local start = clock_of_host
    if tonumber(booked) == clock_of_host then start = start - delay end
    if call('HGET', tenant(T), 'parked') == '1' or start - now > math.max(PATIENCE, delay) then return give_back(w) end
    alone = '1'
    if start > now then
        -- The next request is this one: with others on the host its clock would be ahead for ever.
        push_back(H, start + delay)
        keep(T, H, id, rank, int(start + delay))
        return start - now
    end
    call('HDEL', P .. 'kp', w)
    call('ZREM', P .. 'kd', w)
    call('HSET', P .. 'su', id, '0')
    lease(T, H, id, rank)
end

local wait = take_kept()
if wait then return answer(wait) end
local tries = 0
while alone == '0' and #taken < n and tries < 4 * n do
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
            local id, rank = head[1], int(tonumber(head[2]))
            leave_lane(T, H, id)
            call('HINCRBY', P .. 'hf', H, 1)
            if suspicion(id) then alone = '1' end
            if alone == '1' and (held or #taken > 0) then
                keep(T, H, id, rank, '0')
                call('ZADD', P .. 'kd', int(math.min(now + KEPT, tonumber(hard))), w)
            else
                lease(T, H, id, rank)
            end
            charge(T, pass)
        end
        settle(H)
        if call('EXISTS', P .. 'rd:' .. T) == 0 then call('ZREM', P .. 'ring', T) end
    end
end

if alone == '1' then return answer(0) end
local due = call('ZRANGE', P .. 'cool', 0, 0, 'WITHSCORES')
return answer(due[2] and math.max(0, tonumber(due[2]) - now) or -1)
