-- Whether this crawl ($2) may have missed links: it could not read a page that the tenant has, unless that is gone ($4);
-- or a sitemap that the crawl before ($3) read, or what may be one by its name, for a failed one is not known as such; or
-- more links looked like traps.
SELECT EXISTS (SELECT 1 FROM crawl_urls u
               WHERE u.tenant_id = $1 AND u.job_id = $2 AND u.state IN (4, 6, 7)
                 AND CASE WHEN u.document_id IS NOT NULL
                          THEN u.verdict NOT IN ('robots', 'noindex') AND u.document_id <> ALL ($4::bigint[])
                          ELSE u.state = 7 AND u.verdict <> 'http_4xx'
                               AND u.url ~* '(sitemap|feed|rss|atom|[.](xml|gz|txt)$)' END)
       OR EXISTS (SELECT 1 FROM crawl_urls b
                  LEFT JOIN crawl_urls u ON u.tenant_id = b.tenant_id AND u.job_id = $2 AND u.url_hash = b.url_hash
                  WHERE b.tenant_id = $1 AND b.job_id = $3 AND b.verdict = 'sitemap'
                    AND b.evidence NOT LIKE 'there is no sitemap%' AND u.verdict IS DISTINCT FROM 'sitemap')
       OR (SELECT p.excluded_trap > o.excluded_trap FROM job_progress p, job_progress o
           WHERE p.tenant_id = $1 AND p.job_id = $2 AND o.tenant_id = $1 AND o.job_id = $3)
