-- The task that was pushed under an idempotency key, and whether it was the same request.
SELECT task_id, type_id = $3 AND priority = $4 AND max_attempts = $5 AND resource IS NOT DISTINCT FROM $6
                AND params = $7
FROM tasks WHERE tenant_id = $1 AND idempotency_key = $2
