-- One more task is queued.
UPDATE task_types SET queued = queued + 1 WHERE tenant_id = $1 AND type_id = $2
