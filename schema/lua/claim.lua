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
    local number, reply = match(last, '^(%d+) (.*)$')
    if number == request then return reply end
end

local COST = 1000000     -- virtual time of one task at weight 1; whole numbers are cheaper to write
local KEPT = 30000       -- a suspect waits so long for a hand to get empty (ms)
local PATIENCE = 5000    -- and then an empty hand for the host's clock, or for one delay of the host (ms)
local AGAIN = 100        -- when to ask again, for a worker that does not wait for its hand to get empty (ms)
local LANES = P .. 'f:'
local hard = now + tonumber(ARGV[5])
local fence = tonumber(about[4])
local taken, ids, leases, lanes, alone, held = {}, {}, {}, {}, '0', false

-- Lanes that fall below low water while the ledger has more for them.
local function ask_for_more()
    for i, left_out in ipairs(call('HMGET', P .. 'more', unpack(lanes))) do
        if left_out and call('ZCARD', LANES .. lanes[i]) <= LOW_WATER then
            hungry[#hungry + 1] = int(now)
            hungry[#hungry + 1] = lanes[i]
        end
    end
end

local function answer(wait)
    if #ids > 0 then
        call('HSET', P .. 'L', unpack(leases))
        call('SADD', P .. 'W:' .. w, unpack(ids))
        call('ZADD', P .. 'dl', 'LT', int(hard), w)
    end
    if #lanes > 0 then ask_for_more() end
    if #lanes > 0 or #ids > 0 then call('HSET', meta, 'fence', int(fence), 'vfloor', int(vfloor())) end
    flush(true)
    if not wait then
        local due = call('ZRANGE', P .. 'cool', '0', '0', 'WITHSCORES')
        wait = due[2] and max(0, tonumber(due[2]) - now) or -1
    end
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

local function lease(T, H, h, id, rank)
    fence = fence + 1
    ids[#ids + 1] = id
    leases[#leases + 1] = id
    leases[#leases + 1] = pack(LEASE, fence, hard, rank, w, T, H, '')
    -- Hosts that take several at once are paced from start to start.
    if h[MOST] > 1 and h[DELAY] > 0 then h[CLEAR] = max(h[CLEAR], now + h[DELAY]) end
    taken[#taken + 1] = id .. ' ' .. T .. ' ' .. H .. ' ' .. int(fence) .. ' ' .. rank
end

local function keep(T, H, id, rank, booked)
    call('HSET', P .. 'su', id, w)
    call('HSET', P .. 'kp', w, table.concat({ id, T, H, rank, booked }, ' '))
end

-- The suspect that was kept until this hand was empty. Returns how long to wait where its host's clock is ahead by
-- little; where it is far ahead, the suspect goes back, and the worker to other tasks.
local function take_kept()
    local kept = suspects() and call('HGET', P .. 'kp', w)
    if not kept then return end
    local id, T, H, rank, booked = match(kept, '^(%d+) (%d+) (%d+) (%-?%d+) (%d+)$')
    local h = of_host(H)
    local start = h[CLEAR]
    if tonumber(booked) == h[CLEAR] then start = start - h[DELAY] end
    if of_tenant(T)[PARKED] or start - now > max(PATIENCE, h[DELAY]) then return give_back(w) end
    alone = '1'
    if start > now then
        -- The next request is this one: with others on the host its clock would be ahead for ever.
        push_back(H, h, start + h[DELAY])
        keep(T, H, id, rank, int(start + h[DELAY]))
        return start - now
    end
    call('HDEL', P .. 'kp', w)
    call('ZREM', P .. 'kd', w)
    call('HSET', P .. 'su', id, '0')
    lease(T, H, h, id, rank)
    h[DIRTY] = true
end

-- Tenants by virtual time: the first n of the ring, and who has joined or been served since. Whoever lies behind
-- the last of them is not needed before a reload.
local queue, first, length, horizon = {}, 1, 0, -1

local function stand_in(T, t)
    if t[QUEUED] or t[PASS] > horizon then return end
    local i = length
    while i >= first and tenants[queue[i]][PASS] > t[PASS] do
        queue[i + 1] = queue[i]
        i = i - 1
    end
    queue[i + 1], length, t[QUEUED] = T, length + 1, true
end

-- Takes the tenant's best k offers out of rd:T, to be looked at.
local function take_offers(T, t, k)
    if t[NEW] or t[TAKEN] then write_offers(T, t) end
    local best = call('ZPOPMIN', P .. 'rd:' .. T, k)
    if #best > 0 then
        t[TAKEN], t[NEXT] = best, 1
    else
        t[OFFERS], t[DIRTY] = 0, true
    end
    return best
end

local function reload()
    flush_ring(true)
    queue = call('ZRANGE', P .. 'ring', '0', int(n - 1))
    load_tenants(queue)
    first, length, horizon = 1, #queue, #queue < n and math.huge or -1
    local found, each = {}, int(math.ceil((n - #ids) / max(length, 1)))
    for i = 1, length do
        local T = queue[i]
        local t = tenants[T]
        t[QUEUED], t[RINGED], t[DIRTY], horizon = true, t[RINGED] or true, true, max(horizon, t[PASS])
        if t[OFFERS] > 0 and not t[TAKEN] and not (t[NEW] and t[OFFERS] == 1) then
            local best = take_offers(T, t, each)
            for place = 1, #best, 2 do found[#found + 1] = best[place] end
        end
    end
    load_hosts(found)
    return length > 0
end

-- The best host that is offered to the tenant; the offer is over.
local function next_offer(T, t)
    local new, taken_out = t[NEW], t[TAKEN]
    local H
    if new and t[OFFERS] == 1 and #new == 2 then
        H, t[NEW] = new[2], false
    else
        if new or not taken_out then taken_out = take_offers(T, t, '1') end
        local next = t[NEXT]
        H = taken_out[next]
        if not H then return end
        if next + 2 > #taken_out then t[TAKEN] = false else t[NEXT] = next + 2 end
    end
    local h = of_host(H)
    h[PLACE], h[HOLDER], h[DIRTY] = IDLE, false, true
    t[OFFERS], t[DIRTY] = t[OFFERS] - 1, true
    offered = offered - 1
    return H, h
end

local function charge(T, t)
    t[RUNNING], t[PASS] = t[RUNNING] + 1, t[PASS] + math.floor(COST / t[WEIGHT])
    if t[RUNNING] < t[CAP] then return end
    fall_short(T)
    -- What it can't take now others may. A sample, because this happens with every claim at the cap.
    if t[NEW] or t[TAKEN] then write_offers(T, t) end
    pass_on(call('ZRANDMEMBER', P .. 'rd:' .. T, '4'))
end

take_up_due(int(n + 16))
local wait = take_kept()
if wait then return answer(wait) end
local tries, count = 0, 0
while alone == '0' and count < n and tries < 4 * n do
    tries = tries + 1
    if first > length and not reload() then break end
    local T = queue[first]
    local t = tenants[T]
    first, t[QUEUED] = first + 1, false
    if #made > 0 then made = {} end
    local H, h
    if servable(t) then H, h = next_offer(T, t) end
    if H then
        floor_of_ring = t[PASS]
        local name = T .. ':' .. H
        local head = call('ZPOPMIN', LANES .. name)
        local id, rank = head[1], head[2]
        if id and not is_due(rank) then
            call('ZADD', LANES .. name, rank, id)
        elseif id then
            lanes[#lanes + 1] = name
            h[FLYING] = h[FLYING] + 1
            if suspicion(id) then alone = '1' end
            if alone == '1' and (held or #ids > 0) then
                keep(T, H, id, rank, '0')
                call('ZADD', P .. 'kd', min(now + KEPT, hard), w)
            else
                lease(T, H, h, id, rank)
            end
            count = count + 1
            charge(T, t)
        end
        settle(H, h)
        for _, other in ipairs(made) do
            if servable(tenants[other]) then
                tenants[other][PASS] = max(tenants[other][PASS], floor_of_ring)
                stand_in(other, tenants[other])
            end
        end
    end
    if servable(t) then stand_in(T, t) end
end
return answer(alone == '1' and 0 or nil)
