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

-- The host may have been contacted a moment ago.
local function back(T, H, id, rank, marked)
    rest(H, 0)
    enqueue(T, H, id, rank, marked)
    refresh(T, H)
end

for i = 3, #ARGV, 3 do
    local T, H, rank = release(ARGV[i], ARGV[i + 1])
    if T and ARGV[i + 2] == 'gone' then
        rest(H, 0)
        settle(H)
    elseif T then
        back(T, H, ARGV[i], rank, ARGV[i + 2] == 'alone')
    end
end

if suspects() then
    for _, w in ipairs(call('ZRANGEBYSCORE', P .. 'kd', '-inf', int(now), 'LIMIT', 0, 16)) do
        give_back(w, int(now_us + LATER))
    end
end

local function return_now(id)
    local T, H, rank, marked = release(id, nil)
    if not T then return end
    back(T, H, id, rank, marked)
    returned[#returned + 1] = id .. ' ' .. T
end

local over = call('ZRANGEBYSCORE', P .. 'wk', '-inf', int(now), 'WITHSCORES', 'LIMIT', 0, 4)
for i = 1, #over, 2 do
    local w, key, room = over[i], P .. 'W:' .. over[i], most - #returned - #named
    if suspects() then give_back(w) end
    local held = room > 0 and call('SRANDMEMBER', key, room) or {}
    for _, id in ipairs(held) do
        if over[i + 1] == '0' then
            return_now(id)
        else
            local fence, T = string.match(call('HGET', P .. 'L', id), '^(%d+) %d+ (%d+)')
            named[#named + 1] = table.concat({ id, T, w, fence }, ' ')
        end
    end
    if call('EXISTS', key) == 0 then
        call('ZREM', P .. 'wk', w)
        call('HDEL', P .. 'rq', w)
    end
end

if #returned + #named < most then
    for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'dl', '-inf', int(now), 'LIMIT', 0, most - #returned - #named)) do
        -- What a dead incarnation held is counted, however late.
        local w = string.match(call('HGET', P .. 'L', id) or '', '^%d+ (%d+)')
        if not w or tonumber(call('ZSCORE', P .. 'wk', w) or now + 1) > now then return_now(id) end
    end
end
call('ZREMRANGEBYSCORE', P .. 'hc', '-inf', int(now))
local more = (#returned + #named >= most or #over == 8) and '1' or '0'
local reply = 'OK ' .. more .. ' ' .. #returned
for _, list in ipairs({ returned, named }) do
    if #list > 0 then reply = reply .. ' ' .. table.concat(list, ' ') end
end
return reply
