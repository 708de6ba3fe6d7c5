-- The work that crosses tenants: feeding, hydrating, reaping, completing crawls. Each function does one thing,
-- belongs to rad_dispatch and is the only way rad_app reaches rows of more than one tenant.

-- Running crawls after a (tenant, crawl) cursor.
CREATE FUNCTION dispatch_running_jobs(after_tenant bigint, after_job bigint, at_most integer)
RETURNS TABLE (tenant_id bigint, job_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT j.tenant_id, j.job_id FROM jobs j
    WHERE j.state = 'running' AND (j.tenant_id, j.job_id) > (after_tenant, after_job)
    ORDER BY j.tenant_id, j.job_id LIMIT at_most;
END;

-- The lanes (tenant, host) that have open rows in a running crawl. A loose index scan: one probe per lane.
CREATE FUNCTION dispatch_lanes(of_tenant bigint, of_job bigint)
RETURNS TABLE (tenant_id bigint, host_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT j.tenant_id, lane.host_id
    FROM jobs j
    CROSS JOIN LATERAL (
        WITH RECURSIVE step(host_id) AS (
            (SELECT u.host_id FROM crawl_urls u
             WHERE u.tenant_id = j.tenant_id AND u.job_id = j.job_id AND u.state = 0
             ORDER BY u.host_id LIMIT 1)
            UNION ALL
            SELECT (SELECT u.host_id FROM crawl_urls u
                    WHERE u.tenant_id = j.tenant_id AND u.job_id = j.job_id AND u.state = 0
                      AND u.host_id > step.host_id
                    ORDER BY u.host_id LIMIT 1)
            FROM step WHERE step.host_id IS NOT NULL
        )
        SELECT step.host_id FROM step WHERE step.host_id IS NOT NULL
    ) AS lane
    WHERE j.state = 'running' AND j.tenant_id = of_tenant AND j.job_id = of_job;
END;

-- The head of each lane in dispatch order, over all running crawls of its tenant.
CREATE FUNCTION dispatch_feed(tenants bigint[], hosts bigint[], window_size integer)
RETURNS TABLE (tenant_id bigint, host_id bigint, task_id bigint, rank bigint, generation bigint, hydrated_us bigint,
               deaths smallint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT lane.tenant_id, lane.host_id, head.task_id, head.rank, head.generation, head.hydrated_us, head.deaths
    FROM unnest(tenants, hosts) AS lane(tenant_id, host_id)
    CROSS JOIN LATERAL (
        SELECT urls.task_id, urls.rank, urls.generation, urls.hydrated_us, urls.deaths
        FROM jobs j
        CROSS JOIN LATERAL (
            SELECT u.task_id, u.rank, u.generation, u.hydrated_us, u.deaths
            FROM crawl_urls u
            WHERE u.tenant_id = j.tenant_id AND u.job_id = j.job_id
              AND u.host_id = lane.host_id AND u.state = 0
            ORDER BY u.rank, u.task_id LIMIT window_size
        ) AS urls
        WHERE j.tenant_id = lane.tenant_id AND j.state = 'running'
        ORDER BY urls.rank, urls.task_id LIMIT window_size
    ) AS head;
END;

-- Hosts of open rows that were taken into hand under an older generation after `since_us`, and their delays: of every
-- tenant, and of crawls that were paused or cancelled since.
CREATE FUNCTION dispatch_in_flight(of_generation bigint, since_us bigint)
RETURNS TABLE (host_id bigint, delay_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT DISTINCT u.host_id, coalesce(h.delay_ms, 0)
    FROM crawl_urls u LEFT JOIN hosts h ON h.host_id = u.host_id
    WHERE u.state = 0 AND u.hydrated_us > since_us AND u.generation < of_generation;
END;

-- What a lane's tenant and host allow. room: pages left this month, NULL when there is no limit; none while the
-- storage, or the month's tokens, have less room than was refused last.
CREATE FUNCTION dispatch_terms(tenants bigint[], hosts bigint[])
RETURNS TABLE (tenant_id bigint, host_id bigint, weight integer, max_crawlers integer, room bigint,
               delay_ms bigint, max_concurrency integer, not_before_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT t.tenant_id, h.host_id, t.weight, t.max_crawlers,
           CASE WHEN t.storage_bytes - coalesce(kept.bytes, 0) < coalesce(kept.wanted, 1) THEN 0
                WHEN t.monthly_tokens - coalesce(used.tokens, 0) < coalesce(used.tokens_wanted, 1) THEN 0
                ELSE t.monthly_pages - coalesce(used.pages, 0) END,
           h.delay_ms, h.max_concurrency,
           greatest(0, extract(epoch FROM h.not_before - clock_timestamp()) * 1000)::bigint
    FROM unnest(tenants, hosts) AS lane(tenant_id, host_id)
    JOIN tenants t ON t.tenant_id = lane.tenant_id
    JOIN hosts h ON h.host_id = lane.host_id
    LEFT JOIN tenant_usage used
        ON used.tenant_id = t.tenant_id AND used.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
    LEFT JOIN tenant_storage kept ON kept.tenant_id = t.tenant_id;
END;

-- Takes a claimed batch into hand. Rows that are finished, cancelled, paused or claimed later by somebody else
-- are not returned: the worker drops them. So it does with all of a generation that is over. In plpgsql because it
-- keeps its plan for the session; a function in SQL is planned anew at every call.
CREATE FUNCTION dispatch_hydrate(tenants bigint[], tasks bigint[], fences bigint[], new_generation bigint)
RETURNS TABLE (tenant_id bigint, task_id bigint, job_id bigint, host_id bigint, url text, depth smallint,
               attempts smallint, hydrated_us bigint, start_url text, scope jsonb, priority smallint,
               trace_id text, document_id bigint, etag text, last_modified text, outlinks bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
-- A commit whose client is gone may hold a row for hours: that must not keep a raise waiting.
SET lock_timeout = '3s'
AS $$
#variable_conflict use_column
BEGIN
    -- Whoever fills a new window lets hosts rest by the rows that are in hand. One that is taken into hand under the
    -- old generation after that reading would be in nobody's sight: so a raise waits for this, and what comes after
    -- a raise finds the new generation (dispatch_raise_generation has the same lock). Not a lock of the row: many
    -- would write into it.
    PERFORM pg_advisory_xact_lock_shared(1918985319, 0);
    RETURN QUERY
    WITH taken AS (
        UPDATE crawl_urls u
        SET generation = new_generation, fence = claimed.fence,
            hydrated_us = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
        FROM unnest(tenants, tasks, fences) AS claimed(tenant_id, task_id, fence)
        -- state + 0: the index of open rows must not be taken. It is the smallest, and a planner without
        -- statistics reads all of a tenant's open rows from it to find one.
        WHERE u.tenant_id = claimed.tenant_id AND u.task_id = claimed.task_id AND u.state + 0 = 0
          AND (u.generation, u.fence) < (new_generation, claimed.fence)
          AND NOT EXISTS (SELECT 1 FROM dispatch_shards s
                          WHERE s.queue = 0 AND NOT s.retired AND s.shard = shard_of_host(u.host_id, s.shards)
                            AND s.generation > new_generation)
          -- A scalar sub-select, not a join: joined, a planner without statistics goes from the crawl to all
          -- of its open rows.
          AND (SELECT j.state FROM jobs j WHERE j.tenant_id = u.tenant_id AND j.job_id = u.job_id) = 'running'
        RETURNING u.tenant_id, u.task_id, u.job_id, u.host_id, u.url, u.url_hash, u.depth, u.attempts,
                  u.hydrated_us
    )
    SELECT taken.tenant_id, taken.task_id, taken.job_id, taken.host_id, taken.url, taken.depth,
           taken.attempts, taken.hydrated_us, j.start_url, j.scope, j.priority, j.trace_id,
           d.document_id, d.etag, d.last_modified, d.outlinks
    FROM taken
    JOIN jobs j ON j.tenant_id = taken.tenant_id AND j.job_id = taken.job_id
    LEFT JOIN LATERAL (SELECT o.document_id, o.etag, o.last_modified,
                              -- What a 304 replays.
                              CASE WHEN coalesce(o.etag, o.last_modified) IS NOT NULL THEN o.outlinks END AS outlinks
                       FROM documents o
                       WHERE o.tenant_id = taken.tenant_id AND o.url_hash = taken.url_hash
                         AND o.tombstoned_at IS NULL LIMIT 1) AS d ON true;
END
$$;

-- Ends every running crawl that has nothing open or is full. The update waits for commits in flight, which
-- hold the job row FOR SHARE. Nothing open can't become something open: only a commit of an open row adds rows.
CREATE FUNCTION dispatch_finish_jobs()
RETURNS TABLE (tenant_id bigint, job_id bigint, end_reason text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE jobs j
    SET state = 'completed', ended_at = now(),
        end_reason = CASE WHEN p.stored >= j.max_pages THEN 'page_limit' ELSE 'exhausted' END
    FROM job_progress p
    WHERE j.state = 'running' AND p.tenant_id = j.tenant_id AND p.job_id = j.job_id
      AND (p.stored >= j.max_pages
           OR p.discovered = p.stored + p.unchanged + p.duplicate + p.redirected
                             + p.superseded + p.skipped + p.failed)
    RETURNING j.tenant_id, j.job_id, j.end_reason;
END;

CREATE FUNCTION dispatch_trim_outbox(keep interval, at_most integer)
RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH old AS (
        SELECT o.tenant_id, o.outbox_id FROM outbox o
        WHERE o.created_at < now() - keep ORDER BY o.created_at LIMIT at_most
    ), gone AS (
        DELETE FROM outbox o USING old
        WHERE o.tenant_id = old.tenant_id AND o.outbox_id = old.outbox_id RETURNING 1
    )
    SELECT count(*) FROM gone;
END;
