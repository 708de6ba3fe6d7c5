-- Completes a claim, for whoever holds it: by its token ($3, $4), where one is given, and as worker $5, where one is
-- given. Its result ($6) can be read for a day.
WITH done AS (
    UPDATE tasks
    SET state = 2, result = $6, error = NULL, lease_until_us = NULL, finished_at = clock_timestamp(),
        expires_at = clock_timestamp() + interval '24 hours'
    WHERE tenant_id = $1 AND task_id = $2 AND state = 1
      AND ($3::bigint IS NULL OR (generation, fence) = ($3, $4)) AND ($5::text IS NULL OR worker_id = $5)
    RETURNING type_id, rank, generation, fence
), counted AS (
    UPDATE task_types y SET claimed = y.claimed - 1, completed = y.completed + 1
    FROM done WHERE y.tenant_id = $1 AND y.type_id = done.type_id
)
SELECT type_id, rank, generation, fence FROM done
