-- How a task stands, for who could not change it. held: somebody's lease runs. ours: its last claim was made under
-- the token ($3, $4), where one is given, and by worker $5, where one is given; NULL where neither is.
SELECT state, (state = 1 AND lease_until_us > (extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS held,
       CASE WHEN $3::bigint IS NOT NULL OR $5::text IS NOT NULL
            THEN coalesce((generation, fence) = ($3, $4), true) AND coalesce(worker_id = $5, $5::text IS NULL) END AS ours,
       lease_until_us
FROM tasks WHERE tenant_id = $1 AND task_id = $2
