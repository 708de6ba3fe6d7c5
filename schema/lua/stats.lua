-- Counts for operators, all O(1).
-- returns 'STALE' or 'OK <leased> <hosts cooling> <hosts offered> <tenants in the ring> <workers> <refills>'
if stale() then return 'STALE' end
return 'OK ' .. table.concat({
    call('HLEN', P .. 'L'), call('ZCARD', P .. 'cool'), call('HLEN', P .. 'ho'),
    call('ZCARD', P .. 'ring'), call('ZCARD', P .. 'wk'), call('ZCARD', P .. 'refill'),
}, ' ')
