-- Hands leased tasks back: to their lane with a new rank, or to the ledger alone.
-- ARGV[2] number of items, then per item: id, fence, rank ('-' = the old rank; 'drop' = not into the lane, its
--         host was not contacted), pause of its host in ms
-- returns 'STALE' or 'OK <leases that were still ours>'
if stale() then return 'STALE' end
local returned = 0
for i = 1, tonumber(ARGV[2]) do
    local id, fence, rank, pause = ARGV[4 * i - 1], ARGV[4 * i], ARGV[4 * i + 1], tonumber(ARGV[4 * i + 2])
    local T, H, old_rank = release(id, fence)
    if T then
        returned = returned + 1
        if rank == '-' then rank = old_rank end
        if rank ~= 'drop' then
            rest(H, pause)
            enqueue(T, H, id, rank)
            refresh(T, H)
        else
            settle(H)
        end
    end
end
return 'OK ' .. returned
