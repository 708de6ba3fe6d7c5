-- Tops up one lane from the ledger. Idempotent: what is in the lane or leased is passed over.
-- ARGV[2] T   ARGV[3] H   ARGV[4] weight   ARGV[5] cap   ARGV[6] 1 = the tenant has used up its month
-- ARGV[7] delay_ms (-1 = robots unknown)   ARGV[8] max_concurrency   ARGV[9] host pause from now in ms
-- ARGV[10] the lane's left-out count before the ledger was read ('-' = none)
-- ARGV[11] 1 = the ledger has no more rows than these
-- ARGV[12...] id, rank, ...
-- returns 'STALE' or 'OK <tasks added> <1 if the lane was empty before>'
if moved() then return 'STALE' end
local T, H = ARGV[2], ARGV[3]
local key, name = lane(T, H), T .. ':' .. H
call('HSET', tenant(T), 'weight', ARGV[4], 'cap', ARGV[5])
call('ZREM', P .. 'refill', name)
if ARGV[7] ~= '-1' then call('HSET', P .. 'hd', H, ARGV[7] .. ' ' .. ARGV[8]) end
if ARGV[6] == '1' then
    call('HSET', tenant(T), 'parked', '1')
    call('ZREM', P .. 'ring', T)
    drop_lane(T, H)
    if call('HGET', P .. 'ho', H) == T then
        withdraw(H)
        settle(H)
    end
    return 'OK 0 0'
end
call('HDEL', tenant(T), 'parked')
push_back(H, now + tonumber(ARGV[9]))

local ids, ranks = {}, {}
for i = 12, #ARGV, 2 do
    ids[#ids + 1] = ARGV[i]
    ranks[#ranks + 1] = ARGV[i + 1]
end
local was_empty = call('EXISTS', key) == 0
local added, fresh = 0, {}
if #ids > 0 then
    for i, lease in ipairs(call('HMGET', P .. 'L', unpack(ids))) do
        if not lease then
            fresh[#fresh + 1] = ranks[i]
            fresh[#fresh + 1] = ids[i]
        end
    end
end
if #fresh > 0 then added = call('ZADD', key, 'NX', unpack(fresh)) end

local size = call('ZCARD', key)
if size > WINDOW then call('ZPOPMAX', key, size - WINDOW) end
local left_out = call('HGET', P .. 'more', name) or '-'
if ARGV[11] == '1' and size <= WINDOW and left_out == ARGV[10] then
    call('HDEL', P .. 'more', name)
elseif left_out == '-' then
    call('HSET', P .. 'more', name, '1')
elseif size <= LOW_WATER and left_out ~= ARGV[10] then
    -- Something was added to the ledger after it was read.
    request_refill(T, H)
end
if size > 0 then
    refresh(T, H)
    enter_ring(T)
else
    settle(H)
end
return 'OK ' .. added .. ' ' .. (was_empty and '1' or '0')
