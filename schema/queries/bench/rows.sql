-- Adds URLs to a running crawl for a benchmark: $4 on each host of $3, the hosts in turns, as pages bring them.
WITH added AS (
    INSERT INTO crawl_urls (tenant_id, job_id, url_hash, url, host_id, depth, rank)
    SELECT $1::bigint, $2::bigint, md5(format('%s:%s:%s', $2::bigint, on_host.host_id, n.n))::uuid,
           format('https://host-%s.example/archive/%s/%s', on_host.host_id, n.n % 12,
                  md5(format('%s:%s', on_host.host_id, n.n))),
           on_host.host_id, (1 + n.n % 6)::smallint,
           (extract(epoch FROM statement_timestamp()) * 1000000)::bigint - 5 * 30000000::bigint + n.n
    FROM generate_series(1, $4::integer) AS n(n) CROSS JOIN unnest($3::bigint[]) AS on_host(host_id)
    ORDER BY n.n, on_host.host_id
    RETURNING 1
), counted AS (
    SELECT count(*) AS rows FROM added
)
UPDATE job_progress p SET discovered = p.discovered + counted.rows
FROM counted WHERE p.tenant_id = $1::bigint AND p.job_id = $2::bigint
RETURNING counted.rows
