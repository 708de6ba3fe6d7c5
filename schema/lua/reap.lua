-- Returns the leases of dead incarnations, and those past their hard deadline, to their lanes with their old
-- rank. Costs what the dead held, whatever the size of the queue.
-- ARGV[2] most leases to return
-- returns 'STALE' or 'OK <1 if there may be more> [id T <incarnation died: 1, deadline: 0>]...'
if stale() then return 'STALE' end
local most, out = tonumber(ARGV[2]), {}

local function back(id, died)
    local T, H, rank = release(id, nil)
    if not T then return end
    -- The dead may have contacted the host a moment ago.
    rest(H, 0)
    enqueue(T, H, id, rank)
    refresh(T, H)
    out[#out + 1] = id .. ' ' .. T .. ' ' .. died
end

local dead = call('ZRANGEBYSCORE', P .. 'wk', '-inf', int(now), 'LIMIT', 0, 4)
for _, w in ipairs(dead) do
    local key = P .. 'W:' .. w
    if #out < most then
        for _, id in ipairs(call('SRANDMEMBER', key, most - #out)) do back(id, '1') end
    end
    if call('EXISTS', key) == 0 then
        call('ZREM', P .. 'wk', w)
        call('HDEL', P .. 'rq', w)
    end
end
if #out < most then
    for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'dl', '-inf', int(now), 'LIMIT', 0, most - #out)) do
        back(id, '0')
    end
end
call('ZREMRANGEBYSCORE', P .. 'hc', '-inf', int(now))
local reply = 'OK ' .. ((#out >= most or #dead == 4) and '1' or '0')
if #out > 0 then reply = reply .. ' ' .. table.concat(out, ' ') end
return reply
