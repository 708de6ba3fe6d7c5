-- Ends leases whose effects Postgres has committed, and pushes the URLs that the commit has added.
-- ARGV[2] number of items, then per item: id, fence, pause of its host in ms (0 = its usual delay)
-- ARGV[.] number of hosts, then per host: H, delay_ms, max_concurrency (its robots are known now)
-- ARGV[.] number of new tasks, then per task: T, H, id, rank
-- returns 'STALE' or 'OK <leases that were still ours>'
if stale() then return 'STALE' end
local at = 2
local function arg()
    at = at + 1
    return ARGV[at - 1]
end

local items = tonumber(arg())
local finished = {}
for _ = 1, items do finished[#finished + 1] = { arg(), arg(), tonumber(arg()) } end
for _ = 1, tonumber(arg()) do
    local H, delay, most = arg(), arg(), arg()
    set_terms(H, delay, most)
end

local ended = 0
for _, item in ipairs(finished) do
    local _, H = release(item[1], item[2])
    if H then
        ended = ended + 1
        rest(H, item[3])
        settle(H)
    end
end

local touched = {}
for _ = 1, tonumber(arg()) do
    local T, H, id, rank = arg(), arg(), arg(), arg()
    enqueue(T, H, id, rank)
    touched[T .. ':' .. H] = { T, H }
end
for _, lane_of in pairs(touched) do refresh(lane_of[1], lane_of[2]) end
return 'OK ' .. ended
