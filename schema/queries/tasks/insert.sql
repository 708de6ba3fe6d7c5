-- Puts a task into the queue. No row: one with this idempotency key exists.
INSERT INTO tasks (tenant_id, type_id, rank, priority, max_attempts, idempotency_key, resource, params)
SELECT $1, $2, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint - $3::smallint * 30000000::bigint,
       $3, $4, $5, $6, $7
ON CONFLICT (tenant_id, idempotency_key) DO NOTHING
RETURNING task_id, rank
