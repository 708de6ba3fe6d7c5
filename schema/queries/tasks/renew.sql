-- Moves the end of a lease to $6 microseconds from now, for whoever holds it, as in complete.sql. A lease that has
-- run out is lost, even if nobody has noticed yet.
UPDATE tasks SET lease_until_us = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $6
WHERE tenant_id = $1 AND task_id = $2 AND state = 1
  AND lease_until_us > (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
  AND ($3::bigint IS NULL OR (generation, fence) = ($3, $4)) AND ($5::text IS NULL OR worker_id = $5)
RETURNING type_id, rank, generation, fence
