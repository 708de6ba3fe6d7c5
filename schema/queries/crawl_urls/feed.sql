-- The head of each lane in dispatch order.
SELECT tenant_id, host_id, task_id, rank, generation, hydrated_us, deaths FROM dispatch_feed($1, $2, $3)
