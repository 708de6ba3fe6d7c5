-- The queued head of each lane in dispatch order.
SELECT tenant_id, type_id, task_id, rank FROM dispatch_task_feed($1, $2, $3)
