-- Does what the scripts of a shard depend on: reads the clock (the prelude does), makes up the name of a key, writes
-- it, and asks the server who it is. The key is removed again.
-- returns the run_id as a script sees it, '' when it does not
local name = TAG .. 'probe'
call('SET', name, '1', 'PX', '1000')
call('DEL', name)
return string.match(call('INFO', 'server'), 'run_id:(%x+)') or ''
