-- Hosts, keys, leadership and worker registration: shared by tenants, so reached through functions only.

CREATE FUNCTION get_tenant_by_api_key(presented_hash bytea)
RETURNS TABLE (tenant_id bigint, name text, scopes text[], key_hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT t.tenant_id, t.name, k.scopes, k.key_hash FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id
    WHERE k.key_hash = presented_hash AND k.revoked_at IS NULL;
END;

-- Whether this key was valid once: only who has the whole key can ask.
CREATE FUNCTION dispatch_key_was_revoked(presented_hash bytea)
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT 1 FROM api_keys k WHERE k.key_hash = presented_hash AND k.revoked_at IS NOT NULL);
END;

-- Numbers for host keys. Two statements: a row that another transaction has just added is invisible to the
-- snapshot of the first.
CREATE FUNCTION dispatch_intern_hosts(keys text[])
RETURNS TABLE (host_key text, host_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO hosts (host_key)
        SELECT DISTINCT k FROM unnest(keys) AS k
        WHERE NOT EXISTS (SELECT 1 FROM hosts h WHERE h.host_key = k)
        ORDER BY k
    ON CONFLICT (host_key) DO NOTHING;
    RETURN QUERY SELECT h.host_key, h.host_id FROM hosts h WHERE h.host_key = ANY (keys);
END
$$;

CREATE FUNCTION dispatch_robots(wanted bigint)
RETURNS TABLE (robots_state text, robots_body bytea, expires_in_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT h.robots_state, h.robots_body,
           (extract(epoch FROM h.robots_expires_at - clock_timestamp()) * 1000)::bigint
    FROM hosts h
    WHERE h.host_id = wanted AND h.robots_state IS NOT NULL AND h.robots_expires_at > clock_timestamp();
END;

-- Keeps what asking a host for its robots.txt came to, and says what holds. A file that can't be read leaves a copy
-- of the last 30 days in force (RFC 9309, 2.3.1.4 and 2.4), with the host's terms, for the shorter retained_ms.
CREATE FUNCTION dispatch_store_robots(wanted bigint, new_state text, new_body bytea, keep_ms bigint,
                                      retained_ms bigint, new_delay_ms bigint, new_max_concurrency integer)
RETURNS TABLE (robots_state text, robots_body bytea, kept_ms bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH told AS (
        SELECT h.host_id, new_state = 'unreachable'
               AND coalesce(h.robots_read_at > clock_timestamp() - interval '30 days', false) AS retained
        FROM hosts h WHERE h.host_id = wanted FOR UPDATE
    )
    UPDATE hosts h
    SET robots_state = CASE WHEN told.retained THEN h.robots_state ELSE new_state END,
        robots_body = CASE WHEN told.retained THEN h.robots_body ELSE new_body END,
        robots_read_at = CASE WHEN new_state = 'unreachable' THEN h.robots_read_at ELSE clock_timestamp() END,
        robots_expires_at = clock_timestamp()
            + make_interval(secs => CASE WHEN told.retained THEN retained_ms ELSE keep_ms END / 1000.0),
        delay_ms = CASE WHEN told.retained THEN h.delay_ms ELSE new_delay_ms END,
        max_concurrency = CASE WHEN told.retained THEN h.max_concurrency ELSE new_max_concurrency END
    FROM told WHERE h.host_id = told.host_id
    RETURNING h.robots_state, h.robots_body, CASE WHEN told.retained THEN retained_ms ELSE keep_ms END;
END;

-- Whether a host may be asked now for a robots.txt that another host keeps there: once in gap_ms or its own longer
-- delay, over the whole fleet, and not while it is pushed back.
CREATE FUNCTION dispatch_visit(wanted bigint, gap_ms bigint)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH visit AS (
        UPDATE hosts h SET visited_at = clock_timestamp()
        WHERE h.host_id = wanted
          AND coalesce(h.not_before <= clock_timestamp(), true)
          AND coalesce(h.visited_at + make_interval(secs => greatest(gap_ms, h.delay_ms) / 1000.0)
                       <= clock_timestamp(), true)
        RETURNING 1
    )
    SELECT EXISTS (SELECT 1 FROM visit);
END;

-- A push-back only ever moves a host's clock forward.
CREATE FUNCTION dispatch_push_back(wanted bigint, wait_ms bigint)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE hosts SET not_before = clock_timestamp() + make_interval(secs => wait_ms / 1000.0)
    WHERE host_id = wanted
      AND (not_before IS NULL OR not_before < clock_timestamp() + make_interval(secs => wait_ms / 1000.0));
END;

-- Takes or keeps a leadership; true when `candidate` holds it for the next ttl_ms.
CREATE FUNCTION dispatch_lead(wanted text, candidate text, ttl_ms bigint)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH held AS (
        INSERT INTO leader_leases AS l (name, holder, expires_at)
        VALUES (wanted, candidate, clock_timestamp() + make_interval(secs => ttl_ms / 1000.0))
        ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, expires_at = EXCLUDED.expires_at
            WHERE l.holder = EXCLUDED.holder OR l.expires_at < clock_timestamp()
        RETURNING 1
    )
    SELECT EXISTS (SELECT 1 FROM held);
END;

CREATE FUNCTION dispatch_is_led(wanted text)
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT 1 FROM leader_leases l WHERE l.name = wanted AND l.expires_at > clock_timestamp());
END;

CREATE FUNCTION dispatch_resign(wanted text, candidate text)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE leader_leases SET expires_at = clock_timestamp() WHERE name = wanted AND holder = candidate;
END;

CREATE FUNCTION dispatch_register(new_worker_id text, new_version text, new_slots integer, new_pool text,
                                  new_metrics text)
RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    INSERT INTO crawler_instances (worker_id, version, slots, pool, metrics_address)
    VALUES (new_worker_id, new_version, new_slots, new_pool, new_metrics) RETURNING incarnation;
END;

CREATE FUNCTION dispatch_report(reporter bigint, new_state text, new_busy integer, new_job bigint)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE crawler_instances
    SET state = new_state, busy = new_busy, current_job = new_job, heartbeat_at = clock_timestamp()
    -- A goodbye is the last word, whatever is still on its way.
    WHERE incarnation = reporter AND state <> 'stopped';
END;

CREATE FUNCTION dispatch_mark_lost(silent_ms bigint)
RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH lost AS (
        UPDATE crawler_instances SET state = 'lost', busy = 0, current_job = NULL
        WHERE state IN ('alive', 'draining')
          AND heartbeat_at < clock_timestamp() - make_interval(secs => silent_ms / 1000.0)
        RETURNING 1
    )
    SELECT count(*) FROM lost;
END;

CREATE FUNCTION dispatch_workers()
RETURNS TABLE (incarnation bigint, worker_id text, version text, slots integer, pool text, state text, busy integer,
               current_job bigint, metrics_address text, silent_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT c.incarnation, c.worker_id, c.version, c.slots, c.pool, c.state, c.busy, c.current_job,
           c.metrics_address,
           (extract(epoch FROM clock_timestamp() - c.heartbeat_at) * 1000)::bigint
    FROM crawler_instances c WHERE c.heartbeat_at > clock_timestamp() - interval '1 day'
    ORDER BY c.incarnation;
END;
