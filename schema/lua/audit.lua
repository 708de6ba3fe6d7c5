-- Says which lanes lack what the ledger has, and mends hosts that lost their place.
-- ARGV[2] 1 = also name lanes that take themselves for complete: a push to them may have been lost
-- ARGV[3...] T, H, ... of lanes with open rows
-- returns 'STALE' or 'OK <hosts put back into a place> [index of a lane to feed, from 0]...'
if stale() then return 'STALE' end
local out, mended = {}, 0
for i = 3, #ARGV, 2 do
    local T, H = ARGV[i], ARGV[i + 1]
    local size = call('ZCARD', lane(T, H))
    local trusted = ARGV[2] ~= '1' or size > LOW_WATER or call('HEXISTS', P .. 'more', T .. ':' .. H) == 1
    if size == 0 or not trusted then out[#out + 1] = int((i - 3) / 2) end
    if size > 0 then
        call('ZADD', P .. 'hw:' .. H, 'NX', turn(), T)
        local holder = call('HGET', P .. 'ho', H)
        if holder and call('HGET', tenant(holder), 'parked') == '1' then
            withdraw(H)
            holder = nil
        end
        local _, most = terms(H)
        local placed = holder or call('ZSCORE', P .. 'cool', H)
            or (tonumber(call('HGET', P .. 'hf', H)) or 0) >= most
        if not placed then
            mended = mended + 1
            settle(H)
        end
        enter_ring(T)
    end
end
local reply = 'OK ' .. mended
if #out > 0 then reply = reply .. ' ' .. table.concat(out, ' ') end
return reply
