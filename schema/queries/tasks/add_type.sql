-- A new kind of task, unless the tenant has $3 of them. No row: it has, or another transaction was faster.
INSERT INTO task_types (tenant_id, name)
SELECT $1, $2 WHERE (SELECT count(*) FROM task_types WHERE tenant_id = $1) < $3
ON CONFLICT (tenant_id, name) DO NOTHING
RETURNING type_id
