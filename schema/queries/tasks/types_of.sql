-- The numbers of kinds of task; names that the tenant has never used have none.
SELECT type_id FROM task_types WHERE tenant_id = $1 AND name = ANY ($2)
