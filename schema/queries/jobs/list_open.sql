-- A tenant's open crawls before a cursor, newest first, of one shown state ($3). $4: the tenant is at a limit, so that
-- a running crawl with open URLs shows as paused. By the index of open crawls: a tenant has few of these among many.
SELECT j.job_id, j.start_url, j.state, j.end_reason, j.priority, j.scope, j.max_pages, j.trace_id,
       to_char(j.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
       to_char(j.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at,
       p.discovered, p.stored, p.unchanged, p.duplicate, p.redirected, p.superseded, p.skipped, p.failed,
       p.chunks, p.unstored, p.removed, p.excluded_host, p.excluded_path, p.excluded_depth,
       p.excluded_pattern, p.excluded_trap,
       (extract(epoch FROM coalesce(j.ended_at, now()) - j.created_at) * 1000)::bigint AS running_ms
FROM jobs j
-- A look-up per crawl, whatever the planner knows.
CROSS JOIN LATERAL (SELECT o.*, o.discovered - o.stored - o.unchanged - o.duplicate - o.redirected - o.superseded
                               - o.skipped - o.failed AS open
                    FROM job_progress o WHERE o.tenant_id = j.tenant_id AND o.job_id = j.job_id LIMIT 1) AS p
WHERE j.tenant_id = $1 AND j.job_id < $2
  AND j.state IN ('running', 'paused')
  AND $3::text = CASE WHEN j.state = 'running' AND $4::boolean AND p.open > 0 THEN 'paused' ELSE j.state END
ORDER BY j.job_id DESC LIMIT $5
