-- Pages the tenant may still store this month; NULL when there is no limit.
SELECT greatest(0, t.monthly_pages - coalesce(u.pages, 0)) FROM tenants t
LEFT JOIN tenant_usage u
    ON u.tenant_id = t.tenant_id AND u.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
WHERE t.tenant_id = $1
