-- Tenants after a cursor, or the one of a name, with what they use.
SELECT tenant_id, name, weight, max_crawlers, monthly_pages, monthly_tokens, storage_bytes, pages_this_month,
       tokens_this_month, bytes_stored,
       to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at
FROM admin_tenants($1, $2, $3, $4)
