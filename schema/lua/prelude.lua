#!lua
-- Stands before every script of a shard: its clock, its key names, and how hosts and tenants move.
--
-- KEYS[1]  {tag}:meta     hash: gen, run_id, protocol, fence (counter), vfloor (virtual time), left_out (counter)
-- ARGV[1]  generation     number; a script of another generation answers STALE and changes nothing
--
-- All other keys lie in the same slot under '{tag}:g<generation>:'. T = tenant, H = host, w = incarnation:
--   f:T:H  zset   lane window, task id -> rank (microseconds)
--   hw:H   zset   tenants with a lane on the host -> time of their last turn (microseconds)
--   hd     hash   host -> 'delay_ms max_concurrency'; absent while robots are unknown: one at a time
--   hc     zset   host -> earliest next request (ms); kept only while it lies ahead
--   hf     hash   host -> requests in flight, and suspects kept
--   ho     hash   host -> tenant it is offered to
--   cool   zset   hosts that wait -> when to look again (ms)
--   rd:T   zset   hosts offered to the tenant -> rank of the lane's head
--   ring   zset   tenants that can be served now -> virtual time
--   t:T    hash   pass, running, cap, weight, parked
--   L      hash   leased task id -> 'fence w T H rank lock'
--   W:w    set    task ids leased by the incarnation
--   wk     zset   incarnation -> heartbeat deadline (ms); 0 = it said goodbye with leases in hand
--   dl     zset   leased task id -> hard deadline (ms)
--   rq     hash   incarnation -> 'request reply' of its last claim
--   more   hash   lanes whose ledger has rows beyond the window -> number of the last row left out
--   refill zset   lanes below low water -> since (ms)
--   su     hash   suspects, tasks with which two workers died, in a lane, leased or kept -> '0', or the
--                 incarnation that it is kept for, out of its lane
--   kp     hash   incarnation -> 'id T H rank booked' of the suspect that is kept for it until its hand is empty:
--                 it counts as in flight; booked = its host's clock once the next request was booked for it, or 0
--   kd     zset   incarnation -> when the keeping lapses (ms)
--   ul:T:R string lock of a URL or another resource: the fence of a task, or 'u <fence> <holder>' (user_lock.lua)
-- Outside the generation, for blocking reads: {tag}:wake (workers), {tag}:feed (feeder).

local WINDOW = 128      -- a 129th id would turn the lane's listpack into a skiplist, six times the size
local LOW_WATER = 64
local meta = KEYS[1]
local TAG = string.sub(meta, 1, -5)
local P = TAG .. 'g' .. ARGV[1] .. ':'
local call = redis.call

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now_us = clock[1] * 1000000 + clock[2]

-- Lua prints 14 digits by itself; microseconds have 16.
local function int(n) return string.format('%.0f', n) end

local function stale()
    return call('HGET', meta, 'gen') ~= ARGV[1]
end

-- A proxy can hide a failover from the client, so the server itself is asked who it is.
local function moved()
    local m = call('HMGET', meta, 'gen', 'run_id')
    return m[1] ~= ARGV[1] or m[2] ~= string.match(call('INFO', 'server'), 'run_id:(%x+)')
end

-- A script may give many turns in its one microsecond; they still have an order.
local turns = 0
local function turn()
    turns = turns + 1
    return int(now_us + turns)
end

local function signal(list)
    if call('LLEN', TAG .. list) < 64 then call('LPUSH', TAG .. list, '1') end
end

local function lane(T, H) return P .. 'f:' .. T .. ':' .. H end
local function tenant(T) return P .. 't:' .. T end

local function terms(H)
    local known = call('HGET', P .. 'hd', H)
    if not known then return 0, 1 end
    local delay, most = string.match(known, '^(%d+) (%d+)$')
    return tonumber(delay), tonumber(most)
end

-- Neither parked nor at its cap.
local function may_run(T)
    local t = call('HMGET', tenant(T), 'running', 'cap', 'parked')
    return t[3] ~= '1' and (tonumber(t[1]) or 0) < (tonumber(t[2]) or 1)
end

-- Whatever gives a tenant room or a ready host ends here, or the tenant starves with work at hand. Wakes a
-- worker for a tenant that could not be served before, and for a host that has just been offered.
local function enter_ring(T, offered)
    if not may_run(T) or call('EXISTS', P .. 'rd:' .. T) == 0 then return end
    local pass = tonumber(call('HGET', tenant(T), 'pass') or 0)
    local floor = tonumber(call('HGET', meta, 'vfloor') or 0)
    local entered = call('ZADD', P .. 'ring', 'NX', int(math.max(pass, floor)), T) == 1
    if entered or offered then signal('wake') end
end

-- Suspects are rare: nearly always one look is all that a script spends on them.
local some
local function suspects()
    if some == nil then some = call('EXISTS', P .. 'su') == 1 end
    return some
end

-- '0', or for whom it is kept; false for an ordinary task.
local function suspicion(id)
    return suspects() and call('HGET', P .. 'su', id)
end

local function mark(id)
    call('HSETNX', P .. 'su', id, '0')
    some = true
end

-- The ledger knows them: what leaves the window comes back with its mark.
local function forget(ids)
    if #ids > 0 and suspects() then call('HDEL', P .. 'su', unpack(ids)) end
end

local function request_refill(T, H)
    call('ZADD', P .. 'refill', 'NX', int(now), T .. ':' .. H)
    signal('feed')
end

local function drop_lane(T, H)
    if suspects() then forget(call('ZRANGE', lane(T, H), 0, -1)) end
    call('UNLINK', lane(T, H))
    call('HDEL', P .. 'more', T .. ':' .. H)
    call('ZREM', P .. 'hw:' .. H, T)
end

local function hand(H, T, rank)
    call('ZADD', P .. 'hw:' .. H, turn(), T)
    call('HSET', P .. 'ho', H, T)
    call('ZADD', P .. 'rd:' .. T, rank, H)
    enter_ring(T, true)
end

-- Offers a host that may be contacted now to its next tenant with due work; else says when to look again.
-- A tenant at its cap gets it only when no other can use it: it would keep the host from them.
local function offer(H)
    local hw, due, full, removed = P .. 'hw:' .. H, nil, nil, 0
    for _, T in ipairs(call('ZRANGE', hw, 0, 15)) do
        local head = call('ZRANGE', lane(T, H), 0, 0, 'WITHSCORES')
        if not head[1] then
            call('ZREM', hw, T)
            removed = removed + 1
        elseif call('HGET', tenant(T), 'parked') == '1' then
            -- The window is only a copy: a parked tenant's lanes come back from the ledger.
            drop_lane(T, H)
            removed = removed + 1
        elseif tonumber(head[2]) > now_us then
            call('ZADD', hw, turn(), T)
            due = math.min(due or math.huge, math.ceil(tonumber(head[2]) / 1000))
        elseif may_run(T) then
            return hand(H, T, head[2])
        else
            -- To the end of the rotation, or sixteen of them would hide who comes behind.
            call('ZADD', hw, turn(), T)
            full = full or { T, head[2] }
        end
    end
    if removed == 16 then return offer(H) end
    if full then return hand(H, full[1], full[2]) end
    if due then
        -- With more tenants than were looked at, one of them may be due sooner.
        if call('ZCARD', hw) > 16 then due = math.min(due, now + 1000) end
        call('ZADD', P .. 'cool', int(due), H)
    end
end

-- Puts a host that is in no place into the right one: offered, cooling, or none while it is full or idle.
local function settle(H)
    if call('HEXISTS', P .. 'ho', H) == 1 or call('ZSCORE', P .. 'cool', H) then return end
    local _, most = terms(H)
    if (tonumber(call('HGET', P .. 'hf', H)) or 0) >= most then return end
    local free_at = tonumber(call('ZSCORE', P .. 'hc', H) or 0)
    if free_at > now then
        if call('EXISTS', P .. 'hw:' .. H) == 1 then call('ZADD', P .. 'cool', int(free_at), H) end
        return
    end
    offer(H)
end

local function withdraw(H)
    local T = call('HGET', P .. 'ho', H)
    if not T then return end
    call('HDEL', P .. 'ho', H)
    call('ZREM', P .. 'rd:' .. T, H)
    if call('EXISTS', P .. 'rd:' .. T) == 0 then call('ZREM', P .. 'ring', T) end
end

-- Nobody contacts the host before `until_ms`. Clocks only move forward.
local function push_back(H, until_ms)
    if until_ms <= now then return end
    call('ZADD', P .. 'hc', 'GT', int(until_ms), H)
    withdraw(H)
    call('ZADD', P .. 'cool', 'XX', 'GT', int(until_ms), H)
    settle(H)
end

-- Tells what a host allows. Less than is in flight takes an offer back, more makes one.
local function set_terms(H, delay, most)
    local first = call('HSET', P .. 'hd', H, delay .. ' ' .. most) == 1
    local flying = tonumber(call('HGET', P .. 'hf', H)) or 0
    -- Requests that began before their pace was known count as beginning now.
    if first and flying > 0 and tonumber(most) > 1 then push_back(H, now + tonumber(delay)) end
    if flying >= tonumber(most) then withdraw(H) end
    settle(H)
end

-- Stops serving a tenant that has used up its month, and gives up to `most` of its offers to others.
local function park(T, most)
    call('HSET', tenant(T), 'parked', '1')
    call('ZREM', P .. 'ring', T)
    for _, H in ipairs(call('ZRANGE', P .. 'rd:' .. T, 0, most - 1)) do
        withdraw(H)
        drop_lane(T, H)
        settle(H)
    end
end

-- Looks again at a host whose lane of tenant T has a new head.
local function refresh(T, H)
    call('ZADD', P .. 'hw:' .. H, 'NX', turn(), T)
    local holder = call('HGET', P .. 'ho', H)
    if holder == T then
        local head = call('ZRANGE', lane(T, H), 0, 0, 'WITHSCORES')
        if head[1] then call('ZADD', P .. 'rd:' .. T, 'XX', head[2], H) end
        return
    end
    if holder and not may_run(holder) and may_run(T) then withdraw(H) end
    -- It may cool only because nothing was due.
    if call('ZSCORE', P .. 'cool', H) and tonumber(call('ZSCORE', P .. 'hc', H) or 0) <= now then
        call('ZREM', P .. 'cool', H)
    end
    settle(H)
end

-- Marks that the ledger has a row of the lane which the window has not. No number comes twice, so a feeder
-- that has read the ledger before does not take the lane for complete.
local function leave_out(T, H)
    call('HSET', P .. 'more', T .. ':' .. H, call('HINCRBY', meta, 'left_out', 1))
end

-- Adds a task to its lane. What lies beyond a full or partial window stays in the ledger.
local function enqueue(T, H, id, rank, marked)
    -- The feeder may have read the new row, and a worker claimed it, before its push came.
    if call('HEXISTS', P .. 'L', id) == 1 or (suspicion(id) or '0') ~= '0' then return end
    local key, name = lane(T, H), T .. ':' .. H
    local size, more = call('ZCARD', key), call('HEXISTS', P .. 'more', name) == 1
    if more or size >= WINDOW then
        local tail = call('ZRANGE', key, -1, -1, 'WITHSCORES')
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

local function let_go(T, H)
    if call('HINCRBY', P .. 'hf', H, -1) <= 0 then call('HDEL', P .. 'hf', H) end
    call('HINCRBY', tenant(T), 'running', -1)
    enter_ring(T)
end

-- Ends a lease if `fence` still holds it (or whoever holds it, when fence is nil). Returns T, H, rank and whether
-- the task was a suspect, or nil. Who puts it back into its lane marks it again.
local function release(id, fence)
    local lease = call('HGET', P .. 'L', id)
    if not lease then return nil end
    local f, w, T, H, rank, lock = string.match(lease, '^(%d+) (%d+) (%d+) (%d+) (%-?%d+) (%S+)$')
    if fence and f ~= fence then return nil end
    call('HDEL', P .. 'L', id)
    call('SREM', P .. 'W:' .. w, id)
    call('ZREM', P .. 'dl', id)
    if lock ~= '-' and call('GET', P .. 'ul:' .. T .. ':' .. lock) == f then
        call('UNLINK', P .. 'ul:' .. T .. ':' .. lock)
    end
    let_go(T, H)
    return T, H, rank, suspects() and call('HDEL', P .. 'su', id) == 1
end

-- Ends the keeping of a suspect for `w`: the task goes back to its lane, with its old rank unless one is given.
local function give_back(w, new_rank)
    local kept = call('HGET', P .. 'kp', w)
    if not kept then return end
    local id, T, H, rank = string.match(kept, '^(%d+) (%d+) (%d+) (%-?%d+) %d+$')
    call('HDEL', P .. 'kp', w)
    call('ZREM', P .. 'kd', w)
    forget({ id })
    let_go(T, H)
    enqueue(T, H, id, new_rank or rank, true)
    refresh(T, H)
end

-- The host rests for its delay after a request, counted from the end when it takes one at a time.
local function rest(H, extra_ms)
    local delay, most = terms(H)
    if most > 1 then delay = 0 end
    if delay > 0 or extra_ms > 0 then push_back(H, now + math.max(delay, extra_ms)) end
end
