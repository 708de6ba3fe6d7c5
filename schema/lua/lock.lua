-- Takes the URL locks of leased tasks. The lock holds the task's fence and goes with its lease.
-- ARGV[2] ttl in ms, then per task: id, fence, resource (32 hex digits)
-- returns 'STALE' or 'OK' and per task 1 taken, 0 held by another, - lease lost
if moved() then return 'STALE' end
local out, ids, changed = { 'OK' }, {}, {}
for i = 3, #ARGV, 3 do ids[#ids + 1] = ARGV[i] end

local function take(id, lease, fence, resource)
    if not lease then return '-' end
    local holds, hard, rank, w, T, H = parse(LEASE, lease)
    if holds ~= tonumber(fence) then return '-' end
    local lock = P .. 'ul:' .. T .. ':' .. resource
    -- Ours already: the answer to the first call was lost.
    if not call('SET', lock, fence, 'NX', 'PX', ARGV[2]) and call('GET', lock) ~= fence then return '0' end
    changed[#changed + 1] = id
    changed[#changed + 1] = pack(LEASE, holds, hard, rank, w, T, H, resource)
    return '1'
end

for first = 1, #ids, 4000 do
    local leases = call('HMGET', P .. 'L', unpack(ids, first, min(first + 3999, #ids)))
    for i, lease in ipairs(leases) do
        local at = 3 * (first + i - 1)
        out[#out + 1] = take(ARGV[at], lease, ARGV[at + 1], ARGV[at + 2])
    end
end
many('HSET', P .. 'L', changed)
return table.concat(out, ' ')
