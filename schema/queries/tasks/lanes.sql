-- Lanes with queued tasks, after a cursor.
SELECT tenant_id, type_id FROM dispatch_task_lanes($1, $2, $3)
