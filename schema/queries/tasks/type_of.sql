-- The number of a kind of task.
SELECT type_id FROM task_types WHERE tenant_id = $1 AND name = $2
