-- Makes hosts rest that workers of the generation before may be in contact with.
-- ARGV[2] 1 = no more will be named: what is pushed comes in from now on   ARGV[3...] H, ms from now
-- returns 'STALE' or 'OK'
if stale() then return 'STALE' end
for i = 3, #ARGV, 2 do push_back(ARGV[i], of_host(ARGV[i]), now + tonumber(ARGV[i + 1])) end
flush()
if ARGV[2] == '1' then call('HSET', meta, 'resting', '0') end
return 'OK'
