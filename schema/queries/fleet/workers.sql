-- Workers of the last day.
SELECT incarnation, worker_id, version, slots, pool, state, busy, current_job, metrics_address,
       silent_ms FROM dispatch_workers()
