-- Tops up one lane from the ledger. Idempotent: what is in the lane or leased is passed over. The lane never
-- holds more than a window, not even for a moment: Redis would not turn a skiplist back into a listpack.
-- ARGV[2] T   ARGV[3] H   ARGV[4] weight   ARGV[5] cap ('-' = as it stands)   ARGV[6] 1 = the tenant has used up its month
-- ARGV[7] delay_ms (-1 = robots unknown)   ARGV[8] max_concurrency   ARGV[9] host pause from now in ms
-- ARGV[10] the lane's left-out number before the ledger was read ('-' = none)
-- ARGV[11] 1 = the ledger has no more rows than these
-- ARGV[12] number of suspects, then their ids (all among the following), then id, rank, ...
-- returns 'STALE' or 'OK <tasks added> <1 if the lane was empty before>'
if moved() then return 'STALE' end
local T, H = ARGV[2], ARGV[3]
local key, name = lane(T, H), T .. ':' .. H
local t, h = of_tenant(T), of_host(H)
t[WEIGHT], t[DIRTY] = max(tonumber(ARGV[4]), 1), true
if ARGV[5] ~= '-' then t[CAP] = max(tonumber(ARGV[5]), 0) end
call('ZREM', P .. 'refill', name)
if ARGV[7] ~= '-1' then set_terms(H, ARGV[7], ARGV[8]) end
if ARGV[6] == '1' then
    if h[HOLDER] == T then withdraw(H, h) end
    drop_lane(T, H, h)
    park(T, 100)
    settle(H, h)
    flush()
    return 'OK 0 0'
end
t[PARKED] = false
push_back(H, h, now + tonumber(ARGV[9]))

-- What is neither in the lane nor leased, nor kept for a worker.
local waiting = call('ZRANGE', key, '0', '-1', 'WITHSCORES')
local known, ids, fresh = {}, {}, {}
for i = 1, #waiting, 2 do known[waiting[i]] = true end
local first = 13 + tonumber(ARGV[12])
for i = first, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local leases = #ids > 0 and call('HMGET', P .. 'L', unpack(ids)) or {}
for i, id in ipairs(ids) do
    if not leases[i] and not known[id] and (suspicion(id) or '0') == '0' then
        fresh[#fresh + 1] = ARGV[first + 2 * i - 1]
        fresh[#fresh + 1] = id
    end
end

-- Both are in dispatch order: the first of the two together fill the window.
local add, next_fresh, next_waiting, size = {}, 1, 1, 0
while size < WINDOW and (next_fresh <= #fresh or next_waiting <= #waiting) do
    local rank = fresh[next_fresh]
    if rank and (next_waiting > #waiting or tonumber(rank) < tonumber(waiting[next_waiting + 1])) then
        add[#add + 1] = rank
        add[#add + 1] = fresh[next_fresh + 1]
        next_fresh = next_fresh + 2
    else
        next_waiting = next_waiting + 2
    end
    size = size + 1
end
if next_waiting <= #waiting then
    local out = call('ZPOPMAX', key, (#waiting - next_waiting + 1) / 2)
    for i = 1, #out, 2 do forget({ out[i] }) end
end
if #add > 0 then call('ZADD', key, unpack(add)) end
for i = 13, first - 1 do
    if call('ZSCORE', key, ARGV[i]) then mark(ARGV[i]) end
end

local beyond = next_fresh <= #fresh or next_waiting <= #waiting or ARGV[11] ~= '1'
local left_out = call('HGET', P .. 'more', name) or '-'
if beyond then
    if left_out == '-' then leave_out(T, H) end
elseif left_out == ARGV[10] then
    call('HDEL', P .. 'more', name)
end
if left_out ~= '-' and left_out ~= ARGV[10] and size <= LOW_WATER then
    -- Something was added to the ledger after it was read.
    request_refill(T, H)
end
if size > 0 then refresh(T, H) else settle(H, h) end
flush()
return 'OK ' .. #add / 2 .. ' ' .. (#waiting == 0 and '1' or '0')
