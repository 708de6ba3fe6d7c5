-- Ends every running crawl that has nothing open or is full.
SELECT tenant_id, job_id, end_reason FROM dispatch_finish_jobs()
