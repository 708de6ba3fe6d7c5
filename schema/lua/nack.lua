-- Hands leased tasks back: to their lane with a new rank, or to the ledger alone. What the dead held is the reaper's,
-- which counts their deaths first.
-- ARGV[2] number of items, then per item: id, fence, rank ('-' = the old rank; 'drop' = not into the lane, its
--         host was not contacted), pause of its host in ms
-- returns 'STALE' or 'OK <leases that were still ours>'
if stale() then return 'STALE' end
local items, lives, returned = tonumber(ARGV[2]), {}, 0

local function is_of_the_living(lease)
    local _, _, _, w = parse(LEASE, lease)
    if lives[w] == nil then lives[w] = tonumber(call('ZSCORE', P .. 'wk', w) or 0) > now end
    return lives[w]
end

local function hand_back(id, lease, rank, pause)
    local T, H, h = lease[WHOSE], lease[WHERE], hosts[lease[WHERE]]
    if rank == 'drop' then return settle(H, h) end
    rest(H, h, pause)
    enqueue(T, H, id, rank == '-' and lease[RANK] or rank, lease[MARKED])
    refresh(T, H)
end

for first = 0, items - 1, 1000 do
    local asked, ids, fences, places = {}, {}, {}, {}
    for i = first, min(first + 999, items - 1) do asked[#asked + 1] = ARGV[3 + 4 * i] end
    for i, lease in ipairs(call('HMGET', P .. 'L', unpack(asked))) do
        local place = 3 + 4 * (first + i - 1)
        if lease and is_of_the_living(lease) then
            ids[#ids + 1], fences[#fences + 1], places[#places + 1] = asked[i], ARGV[place + 1], place
        end
    end
    local released = release(ids, fences)
    for i, id in ipairs(ids) do
        local lease, place = released[id], places[i]
        if lease then
            released[id] = nil
            returned = returned + 1
            hand_back(id, lease, ARGV[place + 2], tonumber(ARGV[place + 3]))
        end
    end
end
flush()
return 'OK ' .. int(returned)
