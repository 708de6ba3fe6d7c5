-- Counts one crawl's part of a commit. No row: it would pass the crawl's maximum, and nothing was counted.
UPDATE job_progress
SET discovered = discovered + $3, stored = stored + $4, unchanged = unchanged + $5, duplicate = duplicate + $6,
    redirected = redirected + $7, superseded = superseded + $8, skipped = skipped + $9, failed = failed + $10,
    chunks = chunks + $11, unstored = unstored + $12, excluded_host = excluded_host + $13,
    excluded_path = excluded_path + $14, excluded_depth = excluded_depth + $15,
    excluded_pattern = excluded_pattern + $16, excluded_trap = excluded_trap + $17,
    excluded_samples = (excluded_samples || $18::text[])[1:20]
WHERE tenant_id = $1 AND job_id = $2 AND ($19::bigint IS NULL OR $4 = 0 OR stored + $4 <= $19)
RETURNING stored, discovered - stored - unchanged - duplicate - redirected - superseded - skipped - failed
