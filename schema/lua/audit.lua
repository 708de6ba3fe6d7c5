-- Says which lanes lack what the ledger has, and mends hosts that lost their place.
-- ARGV[2] 1 = also name lanes that take themselves for complete: a push to them may have been lost
-- ARGV[3...] T, H, ... of lanes with open rows
-- returns 'STALE' or 'OK <hosts put back into a place> [index of a lane to feed, from 0]...'
if stale() then return 'STALE' end
local out, mended, seen = {}, 0, {}

-- What the records say of places may be wrong, so the places themselves are asked; but not of what was put there now.
local function is_placed(H, h)
    if h[AT] then return true end
    if h[PLACE] == COOLING then return call('ZSCORE', P .. 'cool', H) end
    if h[PLACE] == OFFERED then
        local t = of_tenant(h[HOLDER])
        if t[NEW] then write_offers(h[HOLDER], t) end
        return call('ZSCORE', P .. 'rd:' .. h[HOLDER], H)
    end
    return h[FLYING] >= h[MOST]
end

local function mend(T, H)
    local h = of_host(H)
    attach(T, H, h)
    if h[HOLDER] and of_tenant(h[HOLDER])[PARKED] then withdraw(H, h) end
    if not is_placed(H, h) then
        mended = mended + 1
        if h[HOLDER] then offered = offered - 1 end
        h[PLACE], h[HOLDER], h[DIRTY] = IDLE, false, true
        settle(H, h)
    end
    seen[T] = of_tenant(T)
end

for i = 3, #ARGV, 2 do
    local T, H = ARGV[i], ARGV[i + 1]
    local size = call('ZCARD', lane(T, H))
    local trusted = ARGV[2] ~= '1' or size > LOW_WATER or call('HEXISTS', P .. 'more', T .. ':' .. H) == 1
    if size == 0 or not trusted then out[#out + 1] = int((i - 3) / 2) end
    if size > 0 then mend(T, H) end
end
flush()
-- A tenant's record may have lost count of its offers, and the ring its member.
for T, t in pairs(seen) do
    t[OFFERS], t[DIRTY] = call('ZCARD', P .. 'rd:' .. T), true
    if not call('ZSCORE', P .. 'ring', T) then t[RINGED] = false end
end
flush()
local reply = 'OK ' .. mended
if #out > 0 then reply = reply .. ' ' .. table.concat(out, ' ') end
return reply
