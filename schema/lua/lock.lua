-- Takes the URL locks of leased tasks. The lock holds the task's fence and goes with its lease.
-- ARGV[2] ttl in ms, then per task: id, fence, resource (32 hex digits)
-- returns 'STALE' or 'OK' and per task 1 taken, 0 held by another, - lease lost
if moved() then return 'STALE' end
local out = { 'OK' }
for i = 3, #ARGV, 3 do
    local id, fence, resource = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local lease = call('HGET', P .. 'L', id)
    local head, T = nil, nil
    if lease then head, T = string.match(lease, '^(' .. fence .. ' %d+ (%d+) %d+ %-?%d+) %S+$') end
    if not head then
        out[#out + 1] = '-'
    else
        local lock = P .. 'ul:' .. T .. ':' .. resource
        -- Ours already: the answer to the first call was lost.
        if call('SET', lock, fence, 'NX', 'PX', ARGV[2]) or call('GET', lock) == fence then
            call('HSET', P .. 'L', id, head .. ' ' .. resource)
            out[#out + 1] = '1'
        else
            out[#out + 1] = '0'
        end
    end
end
return table.concat(out, ' ')
