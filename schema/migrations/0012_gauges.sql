-- Counts over all tenants, for metrics.

-- Open crawls by tenant, for gauges: the `top` tenants with most open URLs, and all others as one row without a
-- name. Counts come from counters. by_state: open, stored, unchanged, duplicate, redirected, superseded, skipped,
-- failed.
CREATE FUNCTION dispatch_tenant_gauges(top integer)
RETURNS TABLE (name text, by_state bigint[], paused bigint, dead bigint, pages_ratio double precision,
               storage_ratio double precision)
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
    ), ranked AS (
        SELECT t.name, s.by_state, s.dead, row_number() OVER (ORDER BY s.open DESC, s.tenant_id) AS place,
               CASE WHEN coalesce(t.monthly_pages <= u.pages, false)
                      OR coalesce(t.storage_bytes - k.bytes < coalesce(k.wanted, 1), false)
                    THEN s.open ELSE coalesce(s.paused, 0) END AS paused,
               coalesce(u.pages, 0) / nullif(t.monthly_pages, 0)::double precision AS pages_ratio,
               coalesce(k.bytes, 0) / nullif(t.storage_bytes, 0)::double precision AS storage_ratio
        FROM sums s
        JOIN tenants t ON t.tenant_id = s.tenant_id
        LEFT JOIN tenant_usage u
            ON u.tenant_id = s.tenant_id AND u.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
        LEFT JOIN tenant_storage k ON k.tenant_id = s.tenant_id
    )
    SELECT r.name, r.by_state, r.paused::bigint, r.dead::bigint, r.pages_ratio, r.storage_ratio
    FROM ranked r WHERE r.place <= top
    UNION ALL
    SELECT NULL,
           ARRAY[sum(r.by_state[1]), sum(r.by_state[2]), sum(r.by_state[3]), sum(r.by_state[4]), sum(r.by_state[5]),
                 sum(r.by_state[6]), sum(r.by_state[7]), sum(r.by_state[8])]::bigint[],
           sum(r.paused)::bigint, sum(r.dead)::bigint, NULL, NULL
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
