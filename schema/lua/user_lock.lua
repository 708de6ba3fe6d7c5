-- Locks that users take by the name of a resource. They stand where lock.lua puts those of tasks, so a page that a
-- worker fetches and a user's lock on its URL exclude each other. Value: 'u <fence> <holder>', or a task's fence.
-- ARGV[2] acquire, release or check   ARGV[3] T   ARGV[4] resource (32 hex digits)   ARGV[5] holder   ARGV[6] ttl in ms
-- returns 'STALE' or 'OK <1 done, 0 not> <fence, 0 if free> <end in ms of this clock> <user, task or -> <holder>'
if moved() then return 'STALE' end
local what, holder = ARGV[2], ARGV[5]
local key = P .. 'ul:' .. ARGV[3] .. ':' .. ARGV[4]
local value = call('GET', key)
local fence, owner = match(value or '', '^u (%d+) (.*)$')
local ours = owner == holder

local function reply(done, kind)
    local ends = int(now + max(0, call('PTTL', key)))
    return 'OK ' .. done .. ' ' .. fence .. ' ' .. ends .. ' ' .. kind .. ' ' .. (owner or '')
end

if what == 'acquire' and (not value or ours) then
    -- Who holds it already renews it, and keeps its token: nobody else had it in between.
    if not value then fence = int(call('HINCRBY', meta, 'fence', 1)) end
    owner = holder
    call('SET', key, 'u ' .. fence .. ' ' .. holder, 'PX', ARGV[6])
    return reply(1, 'user')
end
if what == 'release' and ours then
    call('UNLINK', key)
    return 'OK 1 0 0 - '
end
if not value then return 'OK 0 0 0 - ' end
if not owner then fence = value end
return reply(0, owner and 'user' or 'task')
