-- Says which lanes lack what the ledger has, and mends hosts that lost their place.
-- ARGV[2...] T, H, ... of lanes with open rows
-- returns 'STALE' or 'OK <hosts put back into a place> [index of a lane to feed, from 0]...'
if stale() then return 'STALE' end
local out, mended = {}, 0
for i = 2, #ARGV, 2 do
    local T, H = ARGV[i], ARGV[i + 1]
    if call('EXISTS', lane(T, H)) == 0 then
        out[#out + 1] = int((i - 2) / 2)
    else
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
