-- Stands behind the prelude of scripts that move hosts and tenants. Both are read once, changed in moves.lua, and
-- written once by flush(): a call for each change would take most of the time.

local IDLE, COOLING, OFFERED = 0, 1, 2
local ALL = 42     -- '*', before the tenant that a host is offered to which is not one tenant's alone
local hosts, tenants = {}, {}
local hungry, offered = {}, 0     -- lanes below low water; hosts offered less those taken back
local short = {}                  -- 'now, T' of tenants with more to do than their share lets them

-- Places of a host's fields; fields by name would take Lua twice as long. Beyond the record: who has the only lane on
-- it, whether several have lanes, to whom it is offered; the place that it had in Redis; when it is to be looked at
-- (where `cool` does not know yet).
local DIRTY, DELAY, MOST, KNOWN, FLYING, PLACE, CLEAR, SOLE, SHARED, HOLDER, WAS, AT =
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
-- A tenant's. Beyond the record: offers made here, as 'rank, host, ...'; offers that a claim has taken out of rd:T, as
-- 'host, rank, ...', and the place of the first that it has not looked at; an offer was made here; the virtual time
-- that it has in the ring, or false; it stands in the queue of a claim; its cap is a share that shares.lua has set.
local PASS, RUNNING, CAP, WEIGHT, OFFERS, PARKED, NEW, TAKEN, NEXT, MADE, RINGED, QUEUED, SHARE =
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14

local function read_host(H, record)
    local h
    if record then
        local delay, most, flying, place, clear = parse(HOST, record)
        local mark, sole, holder = byte(record, 16), false, false
        if mark and mark ~= ALL then sole = sub(record, 16) end
        if place == OFFERED then holder = sole or sub(record, 17) end
        h = { false, delay, most > 0 and most or 1, most > 0, flying, place, clear, sole, mark == ALL, holder, place,
            false }
    else
        h = { false, 0, 1, false, 0, IDLE, 0, false, false, false, IDLE, false }
    end
    hosts[H] = h
    return h
end

local function of_host(H) return hosts[H] or read_host(H, call('HGET', P .. 'hs', H)) end

-- Neither parked nor at its cap.
local function may_run(t) return not t[PARKED] and t[RUNNING] < t[CAP] end
local function servable(t) return t[OFFERS] > 0 and not t[PARKED] and t[RUNNING] < t[CAP] end

-- Tells whoever divides the tenant's tasks among the shards that it could use more here.
local function fall_short(T)
    short[#short + 1] = int(now)
    short[#short + 1] = T
end

local function read_tenant(T, record)
    local t
    if record then
        local pass, running, cap, weight, offers, flags = parse(TENANT, record)
        t = { false, pass, running, cap, weight, offers, flags % 2 == 1, false, false, 1, false, false, false,
            flags > 1 }
        if servable(t) then t[RINGED] = pass end
    else
        t = { false, 0, 0, tonumber(about[6] or 0), 1, 0, false, false, false, 1, false, false, false, false }
    end
    tenants[T] = t
    return t
end

local function of_tenant(T) return tenants[T] or read_tenant(T, call('HGET', P .. 'ts', T)) end

-- Those that are not known yet, in one call.
local function load(key, known, read, names)
    local missing = {}
    for i = 1, #names do
        local name = names[i]
        if known[name] == nil then
            known[name] = false
            missing[#missing + 1] = name
        end
    end
    for first = 1, #missing, 4000 do
        local last = min(first + 3999, #missing)
        local records = call('HMGET', P .. key, unpack(missing, first, last))
        for i = 1, #records do read(missing[first - 1 + i], records[i]) end
    end
end
local function load_hosts(names) load('hs', hosts, read_host, names) end
local function load_tenants(names) load('ts', tenants, read_tenant, names) end

-- Virtual time below which nobody enters the ring: idling saves nothing up.
local floor_of_ring
local function vfloor()
    if not floor_of_ring then floor_of_ring = tonumber(about[3] or 0) end
    return floor_of_ring
end

local function flush_hosts()
    local set, gone, cooling, warm, last = {}, {}, {}, {}, 0
    local at, at_text = false, ''
    for H, h in pairs(hosts) do
        if h[DIRTY] then
            local sole, holder, place, of = h[SOLE], h[HOLDER], h[PLACE], ''
            if h[SHARED] or (holder and holder ~= sole) then of = '*' .. (holder or '') elseif sole then of = sole end
            if of == '' and not h[KNOWN] and h[FLYING] == 0 and h[CLEAR] <= now then
                -- Nothing is left to wait for, or a claim would take it up once more when it is due.
                gone[#gone + 1] = H
                place = IDLE
                h[PLACE] = IDLE
            else
                last = last + 2
                set[last - 1] = H
                set[last] = pack(HOST_OF, h[DELAY], h[KNOWN] and h[MOST] or 0, h[FLYING], place, h[CLEAR], of)
            end
            if place == COOLING then
                if h[AT] then
                    -- Hosts of one delay begin to cool together.
                    if h[AT] ~= at then
                        at = h[AT]
                        at_text = int(at)
                    end
                    cooling[#cooling + 1] = at_text
                    cooling[#cooling + 1] = H
                end
            elseif h[WAS] == COOLING then
                warm[#warm + 1] = H
            end
            h[DIRTY], h[WAS], h[AT] = false, place, false
        end
    end
    many('HDEL', P .. 'hs', gone)
    many('HSET', P .. 'hs', set)
    many('ZREM', P .. 'cool', warm)
    many('ZADD', P .. 'cool', cooling)
end

-- Whatever gives a tenant room or a ready host ends here, or the tenant starves with work at hand. Wakes a worker for
-- a tenant that could not be served before, and for a host that has just been offered.
local function flush_ring(quietly)
    local set, gone, wake, last = {}, {}, false, 0
    for T, t in pairs(tenants) do
        local ringed = t[RINGED]
        if t[OFFERS] > 0 and not t[PARKED] and t[RUNNING] < t[CAP] then
            if not ringed then t[PASS] = max(t[PASS], vfloor()) end
            wake = wake or t[MADE] or not ringed
            if ringed ~= t[PASS] then
                last = last + 2
                set[last - 1], set[last] = int(t[PASS]), T
                t[RINGED] = t[PASS]
            end
        elseif ringed then
            gone[#gone + 1] = T
            t[RINGED] = false
        end
        t[MADE] = false
    end
    many('ZREM', P .. 'ring', gone)
    many('ZADD', P .. 'ring', set)
    if wake and not quietly then signal('wake') end
end

-- Offers that rd:T does not have.
local function write_offers(T, t)
    local list, taken = t[NEW] or {}, t[TAKEN]
    t[NEW], t[TAKEN] = false, false
    if taken then
        for i = t[NEXT], #taken, 2 do
            list[#list + 1] = taken[i + 1]
            list[#list + 1] = taken[i]
        end
    end
    if #list == 2 then call('ZADD', P .. 'rd:' .. T, list[1], list[2]) else many('ZADD', P .. 'rd:' .. T, list) end
end

local function flush_tenants()
    local set, last = {}, 0
    for T, t in pairs(tenants) do
        if t[NEW] or t[TAKEN] then write_offers(T, t) end
        if t[DIRTY] then
            local flags = t[PARKED] and 1 or 0
            if t[SHARE] then flags = flags + 2 end
            last = last + 2
            set[last - 1] = T
            set[last] = pack(TENANT, t[PASS], t[RUNNING], t[CAP], t[WEIGHT], t[OFFERS], flags)
            t[DIRTY] = false
        end
    end
    many('HSET', P .. 'ts', set)
end

-- Writes everything that has changed. `quietly`: the caller wakes workers itself.
local function flush(quietly)
    flush_hosts()
    flush_ring(quietly)
    flush_tenants()
    if offered ~= 0 then
        call('HINCRBY', meta, 'offered', offered)
        offered = 0
    end
    if #short > 0 then
        many('ZADD', P .. 'short', short)
        short = {}
    end
    if #hungry > 0 then
        many('ZADD', P .. 'refill', hungry, 'NX')
        hungry = {}
        signal('feed')
    end
end
