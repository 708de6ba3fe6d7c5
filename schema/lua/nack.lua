-- Hands leased tasks back: to their lane with a new rank, or to the ledger alone. What the dead held is the reaper's,
-- which counts their deaths first.
-- ARGV[2] number of items, then per item: id, fence, rank ('-' = the old rank; 'drop' = not into the lane, its
--         host was not contacted), pause of its host in ms
-- returns 'STALE' or 'OK <leases that were still ours>'
if stale() then return 'STALE' end
local lives, returned = {}, 0

local function of_the_living(id)
    local lease = call('HGET', P .. 'L', id)
    local w = lease and string.match(lease, '^%d+ (%d+)')
    if w and lives[w] == nil then lives[w] = tonumber(call('ZSCORE', P .. 'wk', w) or 0) > now end
    return w and lives[w]
end

for i = 1, tonumber(ARGV[2]) do
    local id, fence, rank, pause = ARGV[4 * i - 1], ARGV[4 * i], ARGV[4 * i + 1], tonumber(ARGV[4 * i + 2])
    local T, H, old_rank, marked
    if of_the_living(id) then T, H, old_rank, marked = release(id, fence) end
    if T then
        returned = returned + 1
        if rank == '-' then rank = old_rank end
        if rank ~= 'drop' then
            rest(H, pause)
            enqueue(T, H, id, rank, marked)
            refresh(T, H)
        else
            settle(H)
        end
    end
end
return 'OK ' .. returned
