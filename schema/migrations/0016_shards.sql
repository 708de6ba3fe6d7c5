-- The division of a dispatch window into shards: who is in it, and changing it.

CREATE FUNCTION dispatch_shards_of(of_queue smallint)
RETURNS TABLE (shards integer, shard integer, tag text, generation bigint, run_id text, raised_us bigint, retired boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT s.shards, s.shard, s.tag, s.generation, s.run_id, (extract(epoch FROM s.raised_at) * 1000000)::bigint,
           s.retired
    FROM dispatch_shards s WHERE s.queue = of_queue ORDER BY s.retired, s.shards, s.shard;
END;

-- Divides a queue into as many shards as there are tags. Nothing changes when it is divided into so many; otherwise the
-- earlier shards retire and the new ones begin above all their generations, none opened yet. True when it changed.
CREATE FUNCTION dispatch_divide(of_queue smallint, tags text[])
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    begins bigint;
BEGIN
    -- Before the look: two that divide at once must not each see the other's shards as the earlier ones. And before the
    -- other lock: a raise has locked the table for its update when it asks for that.
    LOCK TABLE dispatch_shards IN SHARE ROW EXCLUSIVE MODE;
    -- As in dispatch_raise_generation: waits for hydrates.
    PERFORM pg_advisory_xact_lock(1918985319, of_queue);
    IF EXISTS (SELECT 1 FROM dispatch_shards s
               WHERE s.queue = of_queue AND NOT s.retired AND s.shards = cardinality(tags)) THEN
        RETURN false;
    END IF;
    SELECT coalesce(max(s.generation) + 1, 0) INTO begins FROM dispatch_shards s WHERE s.queue = of_queue;
    UPDATE dispatch_shards s SET retired = true WHERE s.queue = of_queue;
    INSERT INTO dispatch_shards AS s (queue, shards, shard, tag, generation, run_id)
        SELECT of_queue, cardinality(tags), t.place - 1, t.tag, begins, ''
        FROM unnest(tags) WITH ORDINALITY AS t(tag, place)
    ON CONFLICT (queue, shards, shard) DO UPDATE
        SET tag = EXCLUDED.tag, generation = EXCLUDED.generation, run_id = '', raised_at = clock_timestamp(),
            retired = false;
    RETURN true;
END
$$;

-- One caller wins: the old generation must still be the current one, and the shard in use. Waits for hydrates under it.
CREATE FUNCTION dispatch_raise_generation(of_queue smallint, of_shards integer, wanted integer, old_generation bigint,
                                          new_run_id text)
RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT pg_advisory_xact_lock(1918985319, of_queue);
    UPDATE dispatch_shards s
    SET generation = s.generation + 1, run_id = new_run_id, raised_at = clock_timestamp()
    WHERE s.queue = of_queue AND s.shards = of_shards AND s.shard = wanted AND s.generation = old_generation
      AND NOT s.retired
    RETURNING s.generation;
END;

-- Forgets a retired shard whose window is closed. A later division may have taken it up again.
CREATE FUNCTION dispatch_forget_shard(of_queue smallint, of_shards integer, wanted integer, of_generation bigint)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    DELETE FROM dispatch_shards s
    WHERE s.queue = of_queue AND s.shards = of_shards AND s.shard = wanted AND s.generation = of_generation
      AND s.retired;
END;

-- The number of a leadership that begins now.
CREATE FUNCTION dispatch_next_leadership()
RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT nextval('dispatch_leaderships');
END;

-- Tasks that tenants may have running at once; near the end of a month no more than it has room for.
CREATE FUNCTION dispatch_caps(tenants bigint[])
RETURNS TABLE (tenant_id bigint, at_once bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT t.tenant_id,
           greatest(1, least(t.max_crawlers::bigint, t.monthly_pages - coalesce(used.pages, 0)))
    FROM unnest(tenants) AS wanted(tenant_id)
    JOIN tenants t ON t.tenant_id = wanted.tenant_id
    LEFT JOIN tenant_usage used
        ON used.tenant_id = t.tenant_id AND used.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date;
END;

-- Queued and claimed tasks from outside, of all tenants.
CREATE FUNCTION dispatch_task_gauges()
RETURNS TABLE (queued bigint, claimed bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT coalesce(sum(y.queued), 0)::bigint, coalesce(sum(y.claimed), 0)::bigint FROM task_types y;
END;

-- The functions go to their owner, as in the migrations before.
GRANT CREATE ON SCHEMA public TO rad_dispatch;
GRANT DELETE ON dispatch_shards TO rad_dispatch;
GRANT USAGE ON SEQUENCE dispatch_leaderships TO rad_dispatch;
DO $$
DECLARE
    signature regprocedure;
BEGIN
    FOR signature IN SELECT p.oid::regprocedure FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
          AND p.proname IN ('dispatch_shards_of', 'dispatch_divide', 'dispatch_raise_generation',
                            'dispatch_forget_shard', 'dispatch_next_leadership', 'dispatch_caps',
                            'dispatch_task_gauges')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO rad_app', signature);
        EXECUTE format('ALTER FUNCTION %s OWNER TO rad_dispatch', signature);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA public FROM rad_dispatch;
