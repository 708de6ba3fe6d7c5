-- Queued and claimed tasks of all tenants.
SELECT queued, claimed FROM dispatch_task_gauges()
