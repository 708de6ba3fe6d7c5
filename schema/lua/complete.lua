-- Ends leases whose effects Postgres has committed, and pushes the URLs that the commit has added.
-- ARGV[2] number of items, then per item: id, fence, pause of its host in ms (0 = its usual delay)
-- ARGV[.] number of hosts, then per host: H, delay_ms, max_concurrency (its robots are known now)
-- ARGV[.] number of new tasks, then per task: T, H, id, rank
-- returns 'STALE' or 'OK <leases that were still ours>'
if stale() then return 'STALE' end
local items = tonumber(ARGV[2])
local at = 3 + 3 * items
local known = tonumber(ARGV[at])
for i = at + 1, at + 3 * known, 3 do set_terms(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end

local ended = 0
for first = 0, items - 1, 1000 do
    local ids, fences, pauses = {}, {}, {}
    for i = first, min(first + 999, items - 1) do
        ids[#ids + 1], fences[#fences + 1], pauses[#pauses + 1] = ARGV[3 + 3 * i], ARGV[4 + 3 * i], ARGV[5 + 3 * i]
    end
    local released = release(ids, fences)
    for i, id in ipairs(ids) do
        local lease = released[id]
        if lease then
            released[id] = nil
            ended = ended + 1
            local h = hosts[lease[WHERE]]
            rest(lease[WHERE], h, pauses[i] == '0' and 0 or tonumber(pauses[i]))
            settle(lease[WHERE], h)
        end
    end
end

-- What is leased or kept already is passed over: the feeder may have read the new row, and a worker claimed it,
-- before its push came.
at = at + 1 + 3 * known
local new, ids, lanes, of_lane = tonumber(ARGV[at]), {}, {}, {}
-- In a window whose hosts are not told to rest yet, they wait for the feeder, who comes later.
if about[5] == '1' then new = 0 end
for i = at + 1, at + 4 * new, 4 do ids[#ids + 1] = ARGV[i + 2] end
local leased = {}
for first = 1, new, 4000 do
    for _, lease in ipairs(call('HMGET', P .. 'L', unpack(ids, first, min(first + 3999, new)))) do
        leased[#leased + 1] = lease
    end
end
for i, id in ipairs(ids) do
    if not leased[i] and (suspicion(id) or '0') == '0' then
        local T, H, rank = ARGV[at + 4 * i - 3], ARGV[at + 4 * i - 2], ARGV[at + 4 * i]
        local name = T .. ':' .. H
        if not of_lane[name] then
            of_lane[name] = { T = T, H = H, add = {} }
            lanes[#lanes + 1] = name
        end
        local add = of_lane[name].add
        add[#add + 1], add[#add + 2] = rank, id
    end
end
for _, name in ipairs(lanes) do
    local of = of_lane[name]
    enqueue_all(of.T, of.H, of.add)
    refresh(of.T, of.H)
end
flush()
return 'OK ' .. int(ended)
