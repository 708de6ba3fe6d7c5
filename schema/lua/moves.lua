-- How hosts and tenants move. Nothing of hosts, tenants and the ring is written before flush().

-- A script may give many turns in its one microsecond; they still have an order.
local turns = 0
local function turn()
    turns = turns + 1
    return now_us + turns
end

-- Suspects are rare: nearly always one look is all that a script spends on them.
local some
local function suspects()
    if some == nil then some = call('EXISTS', P .. 'su') == 1 end
    return some
end

-- '0', or for whom it is kept; false for an ordinary task.
local function suspicion(id) return suspects() and call('HGET', P .. 'su', id) end

local function mark(id)
    call('HSETNX', P .. 'su', id, '0')
    some = true
end

-- The ledger knows them: what leaves the window comes back with its mark.
local function forget(ids)
    if #ids > 0 and suspects() then call('HDEL', P .. 'su', unpack(ids)) end
end

local function request_refill(T, H)
    hungry[#hungry + 1] = int(now)
    hungry[#hungry + 1] = T .. ':' .. H
end

-- The tenant has a lane on the host.
local function attach(T, H, h)
    if h[SOLE] == T then return end
    if h[SHARED] then
        call('ZADD', P .. 'hw:' .. H, 'NX', turn(), T)
    elseif h[SOLE] then
        -- The first had its turn when it was offered the host, and before who comes now.
        call('ZADD', P .. 'hw:' .. H, min(h[CLEAR] * 1000, now_us - 1), h[SOLE], turn(), T)
        h[SHARED], h[SOLE], h[DIRTY] = true, false, true
    else
        h[SOLE], h[DIRTY] = T, true
    end
end

local function detach(T, H, h)
    if h[SOLE] == T then
        h[SOLE], h[DIRTY] = false, true
    elseif h[SHARED] then
        call('ZREM', P .. 'hw:' .. H, T)
        if call('EXISTS', P .. 'hw:' .. H) == 0 then h[SHARED], h[DIRTY] = false, true end
    end
end

local function drop_lane(T, H, h)
    if suspects() then forget(call('ZRANGE', lane(T, H), 0, -1)) end
    call('UNLINK', lane(T, H))
    call('HDEL', P .. 'more', T .. ':' .. H)
    detach(T, H, h)
end

local made = {}
local function hand(H, h, T, rank)
    local t = of_tenant(T)
    if h[SHARED] then call('ZADD', P .. 'hw:' .. H, turn(), T) end
    h[PLACE], h[HOLDER], h[CLEAR], h[DIRTY] = OFFERED, T, now, true
    local new = t[NEW]
    if new then new[#new + 1], new[#new + 2] = rank, H else t[NEW] = { rank, H } end
    t[OFFERS], t[MADE], t[DIRTY] = t[OFFERS] + 1, true, true
    if not may_run(t) then fall_short(T) end
    offered = offered + 1
    made[#made + 1] = T
end

local function cool(h, at) h[PLACE], h[AT], h[DIRTY] = COOLING, at, true end

-- The host has lanes of several tenants. A tenant at its cap gets it only when no other can use it: it would keep
-- the host from them.
local function offer_shared(H, h)
    local hw, due, full, removed = P .. 'hw:' .. H, nil, nil, 0
    for _, T in ipairs(call('ZRANGE', hw, '0', '15')) do
        local head = call('ZRANGE', lane(T, H), '0', '0', 'WITHSCORES')
        if not head[1] then
            detach(T, H, h)
            removed = removed + 1
        elseif of_tenant(T)[PARKED] then
            -- The window is only a copy: a parked tenant's lanes come back from the ledger.
            drop_lane(T, H, h)
            removed = removed + 1
        elseif not is_due(head[2]) then
            call('ZADD', hw, turn(), T)
            due = min(due or math.huge, math.ceil(tonumber(head[2]) / 1000))
        elseif may_run(of_tenant(T)) then
            return hand(H, h, T, head[2])
        else
            -- To the end of the rotation, or sixteen of them would hide who comes behind.
            call('ZADD', hw, turn(), T)
            full = full or { T, head[2] }
        end
    end
    if removed == 16 then return offer_shared(H, h) end
    if full then return hand(H, h, full[1], full[2]) end
    if due then
        -- With more tenants than were looked at, one of them may be due sooner.
        if call('ZCARD', hw) > 16 then due = min(due, now + 1000) end
        cool(h, due)
    end
end

-- Offers a host that may be contacted now to its next tenant with due work; else says when to look again.
local function offer(H, h)
    if h[SHARED] then return offer_shared(H, h) end
    local T = h[SOLE]
    if not T then return end
    local head = call('ZRANGE', lane(T, H), '0', '0', 'WITHSCORES')
    if not head[1] then
        h[SOLE], h[DIRTY] = false, true
    elseif of_tenant(T)[PARKED] then
        drop_lane(T, H, h)
    elseif not is_due(head[2]) then
        cool(h, math.ceil(tonumber(head[2]) / 1000))
    else
        hand(H, h, T, head[2])
    end
end

-- Puts a host that is in no place into the right one: offered, cooling, or none while it is full or idle.
local function settle(H, h)
    if h[PLACE] ~= IDLE or h[FLYING] >= h[MOST] then return end
    if h[CLEAR] <= now then return offer(H, h) end
    if h[SOLE] or h[SHARED] then cool(h, h[CLEAR]) end
end

local function withdraw(H, h)
    local T = h[HOLDER]
    if not T then return end
    local t = of_tenant(T)
    if t[NEW] or t[TAKEN] then write_offers(T, t) end
    call('ZREM', P .. 'rd:' .. T, H)
    h[PLACE], h[HOLDER], h[DIRTY] = IDLE, false, true
    t[OFFERS], t[DIRTY] = max(t[OFFERS] - 1, 0), true
    offered = offered - 1
end

-- Puts hosts whose time has come into their places, as many as `most`.
local function take_up_due(most)
    local due, of_tenants = call('ZRANGEBYSCORE', P .. 'cool', '-inf', int(now), 'LIMIT', '0', most), {}
    load_hosts(due)
    for i = 1, #due do
        local h = hosts[due[i]]
        h[WAS], h[DIRTY] = COOLING, true
        -- One that is offered has no place here: offered twice, it would get two requests.
        if h[PLACE] == COOLING then h[PLACE] = IDLE end
        if h[SOLE] then of_tenants[#of_tenants + 1] = h[SOLE] end
    end
    load_tenants(of_tenants)
    for i = 1, #due do settle(due[i], hosts[due[i]]) end
end

-- Nobody contacts the host before `until_ms`. Clocks only move forward.
local function push_back(H, h, until_ms)
    if until_ms <= now then return end
    withdraw(H, h)
    if until_ms > h[CLEAR] then
        h[CLEAR], h[DIRTY] = until_ms, true
        if h[PLACE] == COOLING then h[AT] = until_ms end
    end
    settle(H, h)
end

-- Tells what a host allows. Less than is in flight takes an offer back, more makes one.
local function set_terms(H, delay, most)
    local h = of_host(H)
    local first = not h[KNOWN]
    h[DELAY], h[MOST] = min(tonumber(delay), 4294967295), min(max(tonumber(most), 1), 65535)
    h[KNOWN], h[DIRTY] = true, true
    -- Requests that began before their pace was known count as beginning now.
    if first and h[FLYING] > 0 and h[MOST] > 1 then push_back(H, h, now + h[DELAY]) end
    if h[FLYING] >= h[MOST] then withdraw(H, h) end
    settle(H, h)
end

-- Stops serving a tenant that has used up its month, and gives up to `most` of its offers to others.
local function park(T, most)
    local t = of_tenant(T)
    t[PARKED], t[DIRTY] = true, true
    if t[NEW] or t[TAKEN] then write_offers(T, t) end
    local given = call('ZRANGE', P .. 'rd:' .. T, 0, most - 1)
    load_hosts(given)
    for _, H in ipairs(given) do
        local h = hosts[H]
        withdraw(H, h)
        drop_lane(T, H, h)
        settle(H, h)
    end
end

-- Gives hosts that are offered to a tenant, who can't take more now, to others: those of `sample` that have any.
local function pass_on(sample)
    load_hosts(sample)
    for _, H in ipairs(sample) do
        local h = hosts[H]
        if h[SHARED] and call('ZCARD', P .. 'hw:' .. H) > 1 then
            withdraw(H, h)
            settle(H, h)
        end
    end
end

-- Looks again at a host whose lane of tenant T has a new head.
local function refresh(T, H)
    local h = of_host(H)
    attach(T, H, h)
    local holder = h[HOLDER]
    if holder == T then
        local head = call('ZRANGE', lane(T, H), '0', '0', 'WITHSCORES')
        if not head[1] then return end
        local t = of_tenant(T)
        if t[NEW] or t[TAKEN] then write_offers(T, t) end
        call('ZADD', P .. 'rd:' .. T, 'XX', head[2], H)
        return
    end
    if holder and not may_run(of_tenant(holder)) and may_run(of_tenant(T)) then withdraw(H, h) end
    -- It may cool only because nothing was due.
    if h[PLACE] == COOLING and h[CLEAR] <= now then h[PLACE], h[DIRTY] = IDLE, true end
    settle(H, h)
end

-- Marks that the ledger has a row of the lane which the window has not. No number comes twice, so a feeder
-- that has read the ledger before does not take the lane for complete.
local function leave_out(T, H)
    call('HSET', P .. 'more', T .. ':' .. H, call('HINCRBY', meta, 'left_out', 1))
end

-- Adds a task that is in nobody's hand to its lane. What lies beyond a full or partial window stays in the ledger.
local function enqueue(T, H, id, rank, marked)
    local key, name = lane(T, H), T .. ':' .. H
    local size, more = call('ZCARD', key), call('HEXISTS', P .. 'more', name) == 1
    if more or size >= WINDOW then
        local tail = call('ZRANGE', key, '-1', '-1', 'WITHSCORES')
        if not tail[1] or tonumber(rank) >= tonumber(tail[2]) then
            leave_out(T, H)
            if size <= LOW_WATER then request_refill(T, H) end
            return
        end
        if size >= WINDOW then
            forget({ call('ZPOPMAX', key)[1] })
            leave_out(T, H)
        end
    end
    call('ZADD', key, 'NX', rank, id)
    if marked then mark(id) end
end

-- The same for several tasks of one lane: 'rank, id, ...'.
local function enqueue_all(T, H, add)
    local key = lane(T, H)
    if call('ZCARD', key) + #add / 2 <= WINDOW and call('HEXISTS', P .. 'more', T .. ':' .. H) == 0 then
        return many('ZADD', key, add, 'NX')
    end
    for i = 1, #add, 2 do enqueue(T, H, add[i + 1], add[i]) end
end

local function let_go(T, H)
    local h, t = of_host(H), of_tenant(T)
    h[FLYING], h[DIRTY] = max(h[FLYING] - 1, 0), true
    t[RUNNING], t[DIRTY] = max(t[RUNNING] - 1, 0), true
end

-- Places of what an ended lease tells.
local WHOSE, WHERE, RANK, MARKED = 1, 2, 3, 4

-- Ends those of the leases whose fence still holds (or whoever holds it, where no fences are given). Returns by task
-- its tenant, host, rank and whether it was a suspect. Who puts it back into its lane marks it again.
local function release(ids, fences)
    local ended, gone, of_worker, locks, of_lock, of_hosts, of_tenants = {}, {}, {}, {}, {}, {}, {}
    if #ids == 0 then return ended end
    local leases = call('HMGET', P .. 'L', unpack(ids))
    for i, id in ipairs(ids) do
        if leases[i] and not ended[id] then
            local fence, _, rank, w, T, H, lock = parse(LEASE, leases[i])
            if not fences or tonumber(fences[i]) == fence then
                ended[id] = { T, H, rank, false }
                gone[#gone + 1] = id
                of_hosts[#of_hosts + 1], of_tenants[#of_tenants + 1] = H, T
                local held = of_worker[w] or {}
                held[#held + 1], of_worker[w] = id, held
                if lock ~= '' then
                    locks[#locks + 1] = P .. 'ul:' .. T .. ':' .. lock
                    of_lock[#of_lock + 1] = int(fence)
                end
            end
        end
    end
    if #gone == 0 then return ended end
    call('HDEL', P .. 'L', unpack(gone))
    for w, held in pairs(of_worker) do call('SREM', P .. 'W:' .. w, unpack(held)) end
    if #locks > 0 then
        local ours = {}
        for i, holder in ipairs(call('MGET', unpack(locks))) do
            if holder == of_lock[i] then ours[#ours + 1] = locks[i] end
        end
        if #ours > 0 then call('UNLINK', unpack(ours)) end
    end
    load_hosts(of_hosts)
    load_tenants(of_tenants)
    for i, id in ipairs(gone) do
        let_go(of_tenants[i], of_hosts[i])
        if suspects() then ended[id][MARKED] = call('HDEL', P .. 'su', id) == 1 end
    end
    return ended
end

-- Ends the keeping of a suspect for `w`: the task goes back to its lane, with its old rank unless one is given.
local function give_back(w, new_rank)
    local kept = call('HGET', P .. 'kp', w)
    if not kept then return end
    local id, T, H, rank = match(kept, '^(%d+) (%d+) (%d+) (%-?%d+) %d+$')
    call('HDEL', P .. 'kp', w)
    call('ZREM', P .. 'kd', w)
    forget({ id })
    let_go(T, H)
    enqueue(T, H, id, new_rank or rank, true)
    refresh(T, H)
end

-- The host rests for its delay after a request, counted from the end when it takes one at a time.
local function rest(H, h, extra_ms)
    local delay = h[MOST] > 1 and 0 or h[DELAY]
    if delay > 0 or extra_ms > 0 then push_back(H, h, now + max(delay, extra_ms)) end
end
