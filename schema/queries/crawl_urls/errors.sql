-- URLs of a crawl that failed or were skipped, after a cursor. By the partial index of such rows.
SELECT u.task_id, u.url, CASE u.state WHEN 6 THEN 'skipped' ELSE 'failed' END AS state,
       coalesce(u.verdict, '') AS verdict, u.evidence, u.attempts,
       to_char(u.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ended_at,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'worker_id', d.worker_id, 'incarnation', d.incarnation,
                   'at', to_char(d.died_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
               ORDER BY d.died_at, d.incarnation), '[]')
        FROM crawl_url_deaths d WHERE d.tenant_id = u.tenant_id AND d.task_id = u.task_id) AS deaths
FROM crawl_urls u
WHERE u.tenant_id = $1 AND u.job_id = $2 AND u.task_id > $3 AND u.state IN (6, 7)
ORDER BY u.task_id LIMIT $4
