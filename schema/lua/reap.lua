-- Returns to their lanes, with their old rank, the leases past their hard deadline and those that were left at a
-- goodbye; and names the leases of incarnations that died. Those end when they come back judged: their deaths are
-- counted in Postgres first, so none is counted twice or forgotten, whenever the reaper itself dies.
-- Costs what the dead held, whatever the size of the queue.
-- ARGV[2] most leases to return and to name
-- ARGV[3...] judged leases, per lease: id, fence, 'back', 'alone' (back as a suspect) or 'gone' (it has ended)
-- returns 'STALE' or 'OK <1 if there may be more> <leases returned> [id T]... [id T w fence of the named]...'
if stale() then return 'STALE' end
local LATER = 30000000   -- for a suspect whose worker did not get its hand empty: its lane goes first (microseconds)
local most, returned, named = tonumber(ARGV[2]), {}, {}

local HAND = 512         -- leases of one incarnation that are looked at in one step
local PAUSE = 1000       -- after which the rest of a larger hand is looked at (ms)

-- The host may have been contacted a moment ago.
local function back(id, lease, marked)
    rest(lease[WHERE], hosts[lease[WHERE]], 0)
    enqueue(lease[WHOSE], lease[WHERE], id, lease[RANK], marked)
    refresh(lease[WHOSE], lease[WHERE])
end

local ids, fences, fates = {}, {}, {}
for i = 3, #ARGV, 3 do ids[#ids + 1], fences[#fences + 1], fates[ARGV[i]] = ARGV[i], ARGV[i + 1], ARGV[i + 2] end
for id, lease in pairs(release(ids, fences)) do
    if fates[id] == 'gone' then
        rest(lease[WHERE], hosts[lease[WHERE]], 0)
        settle(lease[WHERE], hosts[lease[WHERE]])
    else
        back(id, lease, fates[id] == 'alone')
    end
end

if suspects() then
    for _, w in ipairs(call('ZRANGEBYSCORE', P .. 'kd', '-inf', int(now), 'LIMIT', 0, 16)) do
        give_back(w, int(now_us + LATER))
    end
end

local function return_now(overdue)
    for id, lease in pairs(release(overdue)) do
        back(id, lease, lease[MARKED])
        returned[#returned + 1] = id .. ' ' .. lease[WHOSE]
    end
end

local over = call('ZRANGEBYSCORE', P .. 'wk', '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, 4)
for i = 1, #over, 2 do
    local w, key, room = over[i], P .. 'W:' .. over[i], most - #returned - #named
    if suspects() then give_back(w) end
    local held = room > 0 and call('SRANDMEMBER', key, room) or {}
    if over[i + 1] == '0' then
        return_now(held)
    else
        for _, id in ipairs(held) do
            local fence, _, _, _, T = lease_of(id)
            named[#named + 1] = table.concat({ id, T, w, int(fence) }, ' ')
        end
    end
    if call('EXISTS', key) == 0 then
        call('ZREM', P .. 'wk', w)
        call('ZREM', P .. 'dl', w)
        call('HDEL', P .. 'rq', w)
    end
end

-- Which leases of `w` have passed their hard deadline, up to `room`; and when to look at its hand again.
local function overdue_of(w, room)
    local held = call('SRANDMEMBER', P .. 'W:' .. w, HAND)
    if #held == 0 then return {}, nil end
    local overdue, again = {}, #held < HAND and math.huge or now + PAUSE
    for i, lease in ipairs(call('HMGET', P .. 'L', unpack(held))) do
        local _, hard = parse(LEASE, lease)
        if hard > now then
            again = min(again, hard)
        elseif #overdue < room then
            overdue[#overdue + 1] = held[i]
        else
            again = now
        end
    end
    -- All that is held may be overdue.
    return overdue, again < math.huge and again or now
end

for _, w in ipairs(call('ZRANGEBYSCORE', P .. 'dl', '-inf', int(now), 'LIMIT', 0, 4)) do
    local again = now + PAUSE
    -- What a dead incarnation held is counted, however late.
    if tonumber(call('ZSCORE', P .. 'wk', w) or now + 1) > now then
        local overdue
        overdue, again = overdue_of(w, most - #returned - #named)
        return_now(overdue)
    end
    if again then call('ZADD', P .. 'dl', int(again), w) else call('ZREM', P .. 'dl', w) end
end
flush()
local more = (#returned + #named >= most or #over == 8) and '1' or '0'
local reply = 'OK ' .. more .. ' ' .. #returned
for _, list in ipairs({ returned, named }) do
    if #list > 0 then reply = reply .. ' ' .. table.concat(list, ' ') end
end
return reply
