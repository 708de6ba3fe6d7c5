-- One usage event per crawl and kind of a commit.
INSERT INTO usage_events (tenant_id, job_id, kind, quantity)
SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::bigint[])
