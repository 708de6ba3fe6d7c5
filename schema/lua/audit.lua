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
        call('ZADD', P .. 'hw:' .. H, 'NX', int(now_us), T)
        local placed = call('HEXISTS', P .. 'ho', H) == 1 or call('ZSCORE', P .. 'cool', H)
            or call('HEXISTS', P .. 'hf', H) == 1
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
