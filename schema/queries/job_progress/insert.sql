-- The counters of a new crawl: its start URL is discovered.
INSERT INTO job_progress (tenant_id, job_id, discovered) VALUES ($1, $2, $3)
