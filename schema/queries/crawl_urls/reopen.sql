-- Opens failed URLs of a crawl again, of one verdict or all, and takes them out of the counters; by host. The fence
-- goes back to none: a commit that comes twice, because its answer was lost, finds a row that is not its own. The
-- caller holds the crawl alone.
WITH opened AS (
    UPDATE crawl_urls u
    SET state = 0, attempts = 0, deaths = 0, document_id = NULL, verdict = NULL, evidence = NULL, ended_at = NULL,
        generation = 0, fence = 0, hydrated_us = NULL,
        rank = (extract(epoch FROM statement_timestamp()) * 1000000)::bigint
               - (SELECT j.priority FROM jobs j WHERE j.tenant_id = $1 AND j.job_id = $2) * 30000000::bigint
    -- The rows as they were: of one that is updated only the new values are returned.
    FROM (SELECT o.url_hash, o.verdict FROM crawl_urls o
          WHERE o.tenant_id = $1 AND o.job_id = $2 AND o.state = 7 AND ($3::text IS NULL OR o.verdict = $3)) AS old
    WHERE u.tenant_id = $1 AND u.job_id = $2 AND u.url_hash = old.url_hash
    RETURNING u.host_id, old.verdict
), counted AS (
    UPDATE job_progress p SET failed = p.failed - (SELECT count(*) FROM opened)
    WHERE p.tenant_id = $1 AND p.job_id = $2 AND EXISTS (SELECT 1 FROM opened)
), explained AS (
    UPDATE job_reasons r SET urls = r.urls - o.n
    FROM (SELECT verdict, count(*) AS n FROM opened GROUP BY verdict) AS o
    WHERE r.tenant_id = $1 AND r.job_id = $2 AND r.state = 7 AND r.verdict = o.verdict
)
SELECT host_id, count(*) AS urls FROM opened GROUP BY host_id ORDER BY host_id
