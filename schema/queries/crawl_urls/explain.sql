-- One URL of a crawl, by its hash.
SELECT u.url, u.state, u.verdict, u.evidence, u.depth, u.attempts, u.document_id,
       to_char(u.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at,
       -- Only a retry has its due time as rank; the rank of others says when they were found, less their priority.
       CASE WHEN u.state = 0 AND u.verdict IS NOT NULL
            THEN to_char(to_timestamp(u.rank / 1000000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
       END AS due_at
FROM crawl_urls u
WHERE u.tenant_id = $1 AND u.job_id = $2 AND u.url_hash = $3
