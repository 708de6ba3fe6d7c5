-- Counts over all tenants, for metrics.

-- Open crawls by tenant, for gauges: the `top` tenants with most open URLs, and all others as one row without a
-- name. Counts come from counters. by_state: open, stored, unchanged, duplicate, redirected, superseded, skipped,
-- failed.
CREATE FUNCTION dispatch_tenant_gauges(top integer)
RETURNS TABLE (name text, by_state bigint[], paused bigint, dead bigint, pages_ratio double precision,
               tokens_ratio double precision, storage_ratio double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    WITH crawls AS (
        SELECT j.tenant_id, j.state,
               p.discovered - p.stored - p.unchanged - p.duplicate - p.redirected - p.superseded - p.skipped
                   - p.failed AS open,
               p.stored, p.unchanged, p.duplicate, p.redirected, p.superseded, p.skipped, p.failed,
               coalesce(r.urls, 0) AS dead
        FROM jobs j
        JOIN job_progress p ON p.tenant_id = j.tenant_id AND p.job_id = j.job_id
        LEFT JOIN job_reasons r
            ON r.tenant_id = j.tenant_id AND r.job_id = j.job_id AND r.state = 7 AND r.verdict = 'poison'
        WHERE j.state IN ('running', 'paused')
    ), sums AS (
        SELECT c.tenant_id, sum(c.open) AS open, sum(c.open) FILTER (WHERE c.state = 'paused') AS paused,
               sum(c.dead) AS dead,
               ARRAY[sum(c.open), sum(c.stored), sum(c.unchanged), sum(c.duplicate), sum(c.redirected),
                     sum(c.superseded), sum(c.skipped), sum(c.failed)]::bigint[] AS by_state
        FROM crawls c GROUP BY c.tenant_id
    ), limited AS (
        SELECT t.name, s.*, t.monthly_pages, t.monthly_tokens, t.storage_bytes, coalesce(u.pages, 0) AS pages,
               coalesce(u.tokens, 0) AS tokens, coalesce(k.bytes, 0) AS bytes,
               coalesce(t.monthly_tokens - coalesce(u.tokens, 0) < coalesce(u.tokens_wanted, 1), false) AS tokens_full,
               coalesce(t.monthly_pages <= coalesce(u.pages, 0), false) AS month_full,
               coalesce(t.storage_bytes - coalesce(k.bytes, 0) < coalesce(k.wanted, 1), false) AS storage_full
        FROM sums s
        JOIN tenants t ON t.tenant_id = s.tenant_id
        LEFT JOIN tenant_usage u
            ON u.tenant_id = s.tenant_id AND u.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
        LEFT JOIN tenant_storage k ON k.tenant_id = s.tenant_id
    ), ranked AS (
        -- 1 is "reached": storage never comes to its last byte, because a page either fits or waits.
        SELECT l.name, l.by_state, l.dead, row_number() OVER (ORDER BY l.open DESC, l.tenant_id) AS place,
               CASE WHEN l.month_full OR l.tokens_full OR l.storage_full THEN l.open ELSE coalesce(l.paused, 0) END AS paused,
               CASE WHEN l.month_full THEN greatest(1, l.pages / nullif(l.monthly_pages, 0)::double precision)
                    ELSE l.pages / l.monthly_pages::double precision END AS pages_ratio,
               CASE WHEN l.tokens_full THEN greatest(1, l.tokens / nullif(l.monthly_tokens, 0)::double precision)
                    ELSE l.tokens / l.monthly_tokens::double precision END AS tokens_ratio,
               CASE WHEN l.storage_full THEN greatest(1, l.bytes / nullif(l.storage_bytes, 0)::double precision)
                    ELSE l.bytes / l.storage_bytes::double precision END AS storage_ratio
        FROM limited l
    )
    SELECT r.name, r.by_state, r.paused::bigint, r.dead::bigint, r.pages_ratio, r.tokens_ratio, r.storage_ratio
    FROM ranked r WHERE r.place <= top
    UNION ALL
    SELECT NULL,
           ARRAY[sum(r.by_state[1]), sum(r.by_state[2]), sum(r.by_state[3]), sum(r.by_state[4]), sum(r.by_state[5]),
                 sum(r.by_state[6]), sum(r.by_state[7]), sum(r.by_state[8])]::bigint[],
           sum(r.paused)::bigint, sum(r.dead)::bigint, NULL, NULL, NULL
    FROM ranked r WHERE r.place > top HAVING count(*) > 0;
END;

-- Workers by state that said something within a day, and outbox rows up to a hundred thousand.
CREATE FUNCTION dispatch_fleet_gauges()
RETURNS TABLE (kind text, pool text, value bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT c.state, c.pool, count(*) FROM crawler_instances c
    WHERE c.heartbeat_at > clock_timestamp() - interval '1 day' GROUP BY c.state, c.pool
    UNION ALL
    SELECT 'outbox', '', count(*) FROM (SELECT 1 FROM outbox LIMIT 100000) AS pending;
END;
