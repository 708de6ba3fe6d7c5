-- Adds URLs to the ledger. Sorted by key, so that two commits with the same links wait for each other in one
-- order instead of deadlocking. A row with a fence is already in the hand of the caller (a redirect's target).
INSERT INTO crawl_urls (tenant_id, job_id, url_hash, url, host_id, depth, rank, generation, fence, hydrated_us)
SELECT $1, l.job_id, l.url_hash, l.url, l.host_id, l.depth,
       -- Enqueue time less 30 s per step of priority; the position keeps the page's order, so the time is that of
       -- the statement: rows are made in the order of their hashes.
       (extract(epoch FROM statement_timestamp()) * 1000000)::bigint - l.priority * 30000000::bigint + l.position,
       l.generation, l.fence, nullif(l.hydrated_us, 0)
FROM unnest($2::bigint[], $3::uuid[], $4::text[], $5::bigint[], $6::smallint[], $7::smallint[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
     AS l(job_id, url_hash, url, host_id, depth, priority, position, generation, fence, hydrated_us)
ORDER BY l.job_id, l.url_hash
ON CONFLICT (tenant_id, job_id, url_hash) DO NOTHING
RETURNING job_id, url_hash, task_id, host_id, rank
