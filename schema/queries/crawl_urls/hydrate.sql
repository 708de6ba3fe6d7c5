-- Takes a claimed batch into hand.
SELECT tenant_id, task_id, job_id, host_id, url, depth, attempts, hydrated_us, start_url, scope, priority,
       trace_id, document_id, etag, last_modified, outlinks
FROM dispatch_hydrate($1, $2, $3, $4)
