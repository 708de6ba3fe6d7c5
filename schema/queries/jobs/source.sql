-- The source of a start URL, made when it has none. The empty update makes RETURNING give the existing row.
INSERT INTO sources (tenant_id, start_url) VALUES ($1, $2)
ON CONFLICT (tenant_id, start_url) DO UPDATE SET start_url = EXCLUDED.start_url
RETURNING source_id
