-- A tenant's crawls before a cursor, newest first; of one state ($3) where one is asked for. The page is chosen
-- before the counters are looked up.
SELECT j.job_id, j.start_url, j.state, j.end_reason, j.priority, j.scope, j.max_pages, j.trace_id,
       to_char(j.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
       to_char(j.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at,
       p.discovered, p.stored, p.unchanged, p.duplicate, p.redirected, p.superseded, p.skipped, p.failed,
       p.chunks, p.unstored, p.removed, p.excluded_host, p.excluded_path, p.excluded_depth,
       p.excluded_pattern, p.excluded_trap,
       (extract(epoch FROM coalesce(j.ended_at, now()) - j.created_at) * 1000)::bigint AS running_ms
FROM (SELECT * FROM jobs
      WHERE tenant_id = $1 AND job_id < $2 AND ($3::text IS NULL OR state = $3)
      ORDER BY job_id DESC LIMIT $4) AS j
CROSS JOIN LATERAL (SELECT * FROM job_progress o
                    WHERE o.tenant_id = j.tenant_id AND o.job_id = j.job_id LIMIT 1) AS p
ORDER BY j.job_id DESC
