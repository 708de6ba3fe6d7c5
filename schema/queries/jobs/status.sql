-- A crawl with its counts, from the counters that each commit keeps.
SELECT j.job_id, j.start_url, j.state, j.end_reason, j.priority, j.scope, j.max_pages, j.trace_id,
       to_char(j.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
       to_char(j.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at,
       p.discovered, p.stored, p.unchanged, p.duplicate, p.redirected, p.superseded, p.skipped, p.failed,
       p.chunks, p.unstored, p.removed, p.excluded_host, p.excluded_path, p.excluded_depth,
       p.excluded_pattern, p.excluded_trap,
       (extract(epoch FROM coalesce(j.ended_at, now()) - j.created_at) * 1000)::bigint AS running_ms
FROM jobs j JOIN job_progress p ON p.tenant_id = j.tenant_id AND p.job_id = j.job_id
WHERE j.tenant_id = $1 AND j.job_id = $2
