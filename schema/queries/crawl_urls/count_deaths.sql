-- Counts a worker's death against the tasks it held; returns how many that ended.
SELECT dispatch_count_deaths($1, $2, $3)
