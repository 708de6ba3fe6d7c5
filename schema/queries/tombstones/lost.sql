-- Documents that the crawl before ($3) had, or lost from sight, and this one ($2) has not: those that are gone, moved, copies of others or
-- not to be indexed, and those that nothing leads to any more. Held against commits that would say "unchanged" or "a
-- duplicate of it". Once is an accident of the site, twice is its will; only "noindex" is said on purpose.
WITH ended AS (
    SELECT u.job_id, u.url_hash, u.document_id, u.state, u.verdict,
           CASE WHEN u.state = 7 AND u.verdict = 'http_4xx' AND u.evidence ~ ' (404|410)$' THEN 'gone'
                WHEN u.state = 6 AND u.verdict = 'soft_not_found' THEN 'gone'
                WHEN u.state = 6 AND u.verdict = 'noindex' THEN 'noindex'
                WHEN u.state = 4 OR u.verdict = 'redirect_out_of_scope' THEN 'moved'
                WHEN u.state = 3 THEN 'duplicate' END AS why
    FROM crawl_urls u WHERE u.tenant_id = $1 AND u.job_id IN ($2, $3)
)
SELECT d.document_id, coalesce(now.why, 'unlinked') AS why
FROM (SELECT e.document_id FROM ended e WHERE e.job_id = $3 AND e.document_id IS NOT NULL
      UNION
      SELECT o.document_id FROM documents o WHERE o.tenant_id = $1 AND o.lost_in = $3) AS had
JOIN documents d ON d.tenant_id = $1 AND d.document_id = had.document_id AND d.tombstoned_at IS NULL
LEFT JOIN ended now ON now.job_id = $2 AND now.url_hash = d.url_hash
LEFT JOIN ended before ON before.job_id = $3 AND before.url_hash = d.url_hash
WHERE now.url_hash IS NULL
   OR (now.why IS NOT NULL AND now.document_id IS DISTINCT FROM CASE WHEN now.state = 3 THEN d.document_id END
       AND (now.why = 'noindex'
            OR (before.why IS NOT NULL
                -- A document that moved to where its content was a duplicate was there.
                AND (before.state <> 3 OR before.document_id <> d.document_id))))
FOR UPDATE OF d
