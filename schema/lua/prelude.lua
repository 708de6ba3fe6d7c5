#!lua
-- Stands before every script of a shard: its clock, its key names and its records. Hosts and tenants are
-- read and written in records.lua, and move in moves.lua.
--
-- KEYS[1]  {tag}:meta     hash: gen, run_id, protocol, fence (counter), vfloor (virtual time), left_out (counter),
--                         offered (hosts offered now), resting (1 = nothing is pushed yet, see rest.lua),
--                         leader (number of the leadership that sets shares),
--                         unshared (tasks that a tenant may run before its cap is told)
-- ARGV[1]  generation     number; a script of another generation answers STALE and changes nothing
--
-- All other keys lie in the same slot under '{tag}:g<generation>:'. T = tenant, H = host, w = incarnation:
--   hs     hash   host -> HOST record, then the tenant with the only lane on it, or '*' and the tenant that it is
--                 offered to
--   ts     hash   tenant -> TENANT record
--   L      hash   leased task id -> LEASE record
--   f:T:H  zset   lane window, task id -> rank (microseconds)
--   hw:H   zset   of a host on which two or more tenants have had lanes: those that have one -> time of their last
--                 turn (microseconds)
--   cool   zset   hosts that wait -> when to look again (ms)
--   rd:T   zset   hosts offered to the tenant -> rank of the lane's head
--   ring   zset   tenants that can be served now -> virtual time
--   short  zset   tenants with due work beyond their share -> when it was last seen (ms); read by shares.lua
--   W:w    set    task ids leased by the incarnation
--   wk     zset   incarnation -> heartbeat deadline (ms); 0 = it said goodbye with leases in hand
--   dl     zset   incarnation -> none of its leases has its hard deadline before this (ms)
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

-- Records are packed, because text takes Lua ten times as long; what may pass 2^53 stands in them as a string.
-- HOST: delay ms, concurrency (0 = unknown: one at a time), in flight and kept, place, earliest next request (ms; of
-- an offered host the time of its offer). TENANT: virtual time, running, cap (its share in this shard), weight, hosts
-- offered, and 1 when parked + 2 when shares.lua has said its share.
-- LEASE: fence, hard deadline (ms), rank, w, T, H, resource of its lock ('' = none).
local HOST, HOST_OF, TENANT, LEASE = '<I4HHBI6', '<I4HHBI6c0', '<dI4I4I4I4B', '<I6I6sssss'
local WINDOW = 128      -- a 129th id would turn the lane's listpack into a skiplist, six times the size
local LOW_WATER = 64
local meta = KEYS[1]
local TAG = string.sub(meta, 1, -5)
local P = TAG .. 'g' .. ARGV[1] .. ':'
local call, pack, parse = redis.call, struct.pack, struct.unpack
local format, match, sub, byte = string.format, string.match, string.sub, string.byte
local min, max = math.min, math.max
local ipairs, pairs, tonumber, unpack = ipairs, pairs, tonumber, unpack

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local now_us = clock[1] * 1000000 + clock[2]

-- Lua prints 14 digits by itself; microseconds have 16.
local function int(n) return format('%d', n) end

-- Ranks stay text: a number takes Lua as long to read as ten fields of a record.
local now_text = int(now_us)
local function is_due(rank)
    if #rank == #now_text then return rank <= now_text end
    return tonumber(rank) <= now_us
end

local about
local function stale()
    about = call('HMGET', meta, 'gen', 'run_id', 'vfloor', 'fence', 'resting', 'unshared')
    return about[1] ~= ARGV[1]
end

-- A proxy can hide a failover from the client, so the server itself is asked who it is.
local function moved()
    if stale() then return true end
    return not string.find(call('INFO', 'server'), 'run_id:' .. (about[2] or '') .. '\r', 1, true)
end

-- A call takes no more arguments than Lua's stack has room for.
local function many(command, key, list, how)
    for first = 1, #list, 4000 do
        local last = min(first + 3999, #list)
        if how then
            call(command, key, how, unpack(list, first, last))
        else
            call(command, key, unpack(list, first, last))
        end
    end
end

-- Who is woken wakes the next while there is more, so a script never needs to tell twice.
local told = {}
local function signal(list)
    if told[list] then return end
    told[list] = true
    if call('LLEN', TAG .. list) < 64 then call('LPUSH', TAG .. list, '1') end
end

local function lane(T, H) return P .. 'f:' .. T .. ':' .. H end

-- Nil where there is none.
local function lease_of(id)
    local lease = call('HGET', P .. 'L', id)
    if lease then return parse(LEASE, lease) end
end
