-- Milliseconds since the push of a tenant's oldest queued task. Numbers rise with time, so it is the first.
SELECT (extract(epoch FROM clock_timestamp() - created_at) * 1000)::bigint
FROM tasks WHERE tenant_id = $1 AND state = 0 ORDER BY task_id LIMIT 1
