-- A task as it is shown.
SELECT task_id, task_type, resource, priority, params, state, attempts, max_attempts, worker_id, result, error,
       generation, fence, created_at, claimed_at, lease_until, finished_at, expires_at
FROM shown_tasks WHERE tenant_id = $1 AND task_id = $2
