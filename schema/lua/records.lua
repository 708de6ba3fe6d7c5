-- Stands behind the prelude of scripts that move hosts and tenants. Both are read once, changed in moves.lua, and
-- written once by flush(): a call for each change would take most of the time.

local IDLE, COOLING, OFFERED = 0, 1, 2
local hosts, tenants = {}, {}
local hungry, offered = {}, 0     -- lanes below low water; hosts offered less those taken back
local short = {}                  -- 'now, T' of tenants with more to do than their share lets them

-- Places of a host's fields; fields by name would take Lua twice as long. Beyond the record: who has the only lane on
-- it, whether several have lanes, to whom it is offered; the place that it had in Redis; when it is to be looked at
-- (where `cool` does not know yet); whether its offer is not in rd:T yet.
local DIRTY, DELAY, MOST, KNOWN, FLYING, PLACE, CLEAR, SOLE, SHARED, HOLDER, WAS, AT, FRESH =
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
-- A tenant's. Beyond the record: offers that rd:T has not, least urgent first, and how many of these came out of it;
-- one was made here; it was in the ring, and with which virtual time; it stands in the queue of a claim; its cap is
-- a share that shares.lua has set.
local PASS, RUNNING, CAP, WEIGHT, OFFERS, PARKED, HELD, POPPED, MADE, COULD, RINGED, QUEUED, SHARE =
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14

local function read_host(H, record)
    local h
    if record then
        local delay, most, flying, place, clear = parse(HOST, record)
        local of = sub(record, 16)
        local shared = byte(of) == 42
        local sole = not shared and of ~= '' and of
        local holder = place == OFFERED and (sole or sub(of, 2))
        h = { false, delay, max(most, 1), most > 0, flying, place, clear, sole, shared, holder, place, false, false }
    else
        h = { false, 0, 1, false, 0, IDLE, 0, false, false, false, IDLE, false, false }
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
        t = { false, pass, running, cap, weight, offers, flags % 2 == 1, {}, 0, false, false, false, false,
            flags >= 2 }
        if servable(t) then t[COULD], t[RINGED] = true, pass end
    else
        t = { false, 0, 0, tonumber(about[6] or 0), 1, 0, false, {}, 0, false, false, false, false, false }
    end
    tenants[T] = t
    return t
end

local function of_tenant(T) return tenants[T] or read_tenant(T, call('HGET', P .. 'ts', T)) end

-- Those that are not known yet, in one call.
local function load(key, known, read, names)
    local missing, asked = {}, {}
    for _, name in ipairs(names) do
        if not known[name] and not asked[name] then
            asked[name] = true
            missing[#missing + 1] = name
        end
    end
    for first = 1, #missing, 4000 do
        local last = min(first + 3999, #missing)
        local records = call('HMGET', P .. key, unpack(missing, first, last))
        for i = first, last do read(missing[i], records[i - first + 1]) end
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
    local set, gone, cooling, warm = {}, {}, {}, {}
    for H, h in pairs(hosts) do
        if h[DIRTY] then
            local of = h[SOLE] or ''
            if h[SHARED] or (h[HOLDER] and h[HOLDER] ~= h[SOLE]) then of = '*' .. (h[HOLDER] or '') end
            if of == '' and not h[KNOWN] and h[FLYING] == 0 and h[CLEAR] <= now then
                -- Nothing is left to wait for, or a claim would take it up once more when it is due.
                gone[#gone + 1] = H
                h[PLACE] = IDLE
            else
                set[#set + 1] = H
                set[#set + 1] = pack(HOST, h[DELAY], h[KNOWN] and h[MOST] or 0, h[FLYING], h[PLACE], h[CLEAR]) .. of
            end
            if h[PLACE] == COOLING then
                if h[AT] then
                    cooling[#cooling + 1] = int(h[AT])
                    cooling[#cooling + 1] = H
                end
            elseif h[WAS] == COOLING then
                warm[#warm + 1] = H
            end
            h[DIRTY], h[WAS], h[AT] = false, h[PLACE], false
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
    local set, gone, wake = {}, {}, false
    for T, t in pairs(tenants) do
        if t[DIRTY] or t[COULD] ~= servable(t) then
            local can = servable(t)
            if can then
                if not t[COULD] then t[PASS] = max(t[PASS], vfloor()) end
                wake = wake or t[MADE] or not t[COULD]
                if t[RINGED] ~= t[PASS] or not t[COULD] then
                    set[#set + 1] = int(t[PASS])
                    set[#set + 1] = T
                    t[RINGED] = t[PASS]
                end
            elseif t[COULD] then
                gone[#gone + 1] = T
            end
            t[COULD], t[MADE] = can, false
        end
    end
    many('ZREM', P .. 'ring', gone)
    many('ZADD', P .. 'ring', set)
    if wake and not quietly then signal('wake') end
end

local function flush_tenants()
    local set = {}
    for T, t in pairs(tenants) do
        if #t[HELD] > 0 then
            local list = {}
            for i, entry in ipairs(t[HELD]) do
                list[2 * i - 1], list[2 * i] = entry[2], entry[1]
                hosts[entry[1]][FRESH] = false
            end
            many('ZADD', P .. 'rd:' .. T, list)
            t[HELD], t[POPPED] = {}, 0
        end
        if t[DIRTY] then
            set[#set + 1] = T
            local flags = (t[PARKED] and 1 or 0) + (t[SHARE] and 2 or 0)
            set[#set + 1] = pack(TENANT, t[PASS], t[RUNNING], t[CAP], t[WEIGHT], t[OFFERS], flags)
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
