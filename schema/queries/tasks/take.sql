-- Takes a task into hand for worker $5 and $6 microseconds, under the token ($3, $4). No row: it has ended, has no
-- attempt left, or somebody holds it.
WITH old AS (
    SELECT type_id, state, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us FROM tasks
    WHERE tenant_id = $1 AND task_id = $2 AND state < 2 AND attempts < max_attempts
      AND (generation, fence) < ($3, $4)
      AND coalesce(lease_until_us, 0) <= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
    FOR UPDATE
), taken AS (
    UPDATE tasks t
    SET state = 1, generation = $3, fence = $4, worker_id = $5, attempts = t.attempts + 1,
        claimed_at = clock_timestamp(), lease_until_us = old.now_us + $6
    FROM old WHERE t.tenant_id = $1 AND t.task_id = $2
    RETURNING t.task_id
), counted AS (
    -- A lease that has run out without anybody noticing is a claim already.
    UPDATE task_types y SET queued = y.queued - 1, claimed = y.claimed + 1
    FROM old WHERE y.tenant_id = $1 AND y.type_id = old.type_id AND old.state = 0
)
SELECT task_id FROM taken
