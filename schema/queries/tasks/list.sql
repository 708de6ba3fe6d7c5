-- A tenant's tasks before a cursor, newest first; of one state ($3) and one kind ($4) where they are asked for.
SELECT task_id, task_type, resource, priority, params, state, attempts, max_attempts, worker_id, result, error,
       generation, fence, created_at, claimed_at, lease_until, finished_at, expires_at
FROM shown_tasks
WHERE tenant_id = $1 AND task_id < $2 AND ($3::smallint IS NULL OR state_number = $3)
  AND ($4::text IS NULL OR task_type = $4)
ORDER BY task_id DESC LIMIT $5
