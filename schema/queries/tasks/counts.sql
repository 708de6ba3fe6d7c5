-- A tenant's tasks by kind and state.
SELECT name, queued, claimed, completed, failed FROM task_types WHERE tenant_id = $1 ORDER BY name
