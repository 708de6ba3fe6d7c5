-- Opens a new generation. A lower or equal one changes nothing: the caller lost the race.
-- ARGV[2] run_id of this server, as the caller saw it   ARGV[3] number of the protocol that the caller speaks
-- ARGV[4] 1 = hosts that may be in contact are to rest first: nothing is pushed before rest.lua has named them all
-- ARGV[5] tasks that a tenant may run before its cap is told
-- returns 1 opened, 0 not
local current = tonumber(call('HGET', meta, 'gen') or 0)
if tonumber(ARGV[1]) <= current then return 0 end
if ARGV[2] ~= string.match(call('INFO', 'server'), 'run_id:(%x+)') then return 0 end
call('HSET', meta, 'gen', ARGV[1], 'run_id', ARGV[2], 'protocol', ARGV[3], 'fence', '0', 'vfloor', '0', 'offered', '0',
    'resting', ARGV[4], 'unshared', ARGV[5])
-- Redis looks for a field of a small hash from end to end; one long value makes it a hash table.
for _, key in ipairs({ 'hs', 'ts', 'L', 'more' }) do call('HSET', P .. key, '-', string.rep('-', 65)) end
return 1
