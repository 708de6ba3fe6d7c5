-- Ends leases that have run out.
SELECT tenant_id, type_id, task_id, rank, state FROM dispatch_lapse_tasks($1)
