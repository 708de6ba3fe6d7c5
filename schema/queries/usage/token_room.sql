-- Tokens that the tenant may still store this month, and all that it may in one; NULL when there is no limit.
SELECT t.monthly_tokens - coalesce(u.tokens, 0), t.monthly_tokens FROM tenants t
LEFT JOIN tenant_usage u
    ON u.tenant_id = t.tenant_id AND u.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
WHERE t.tenant_id = $1
