-- Workers of the last day.
SELECT incarnation, worker_id, version, slots, state, busy, current_job, silent_ms FROM dispatch_workers()
