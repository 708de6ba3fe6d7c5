-- Adds to the tenant's month. No row: it would pass the monthly limit, and nothing was added.
INSERT INTO tenant_usage AS u (tenant_id, month, pages, stored_bytes)
SELECT t.tenant_id, date_trunc('month', now() AT TIME ZONE 'UTC')::date, $2, $3
FROM tenants t WHERE t.tenant_id = $1 AND (t.monthly_pages IS NULL OR $2 <= t.monthly_pages)
ON CONFLICT (tenant_id, month) DO UPDATE
    SET pages = u.pages + EXCLUDED.pages, stored_bytes = u.stored_bytes + EXCLUDED.stored_bytes
    WHERE u.pages + EXCLUDED.pages <= coalesce((SELECT t.monthly_pages FROM tenants t WHERE t.tenant_id = $1),
                                               u.pages + EXCLUDED.pages)
RETURNING pages
