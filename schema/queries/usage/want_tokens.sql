-- Notes the room for tokens that has to be there before the tenant's next fetch this month.
INSERT INTO tenant_usage (tenant_id, month, tokens_wanted)
VALUES ($1, date_trunc('month', now() AT TIME ZONE 'UTC')::date, $2)
ON CONFLICT (tenant_id, month) DO UPDATE SET tokens_wanted = EXCLUDED.tokens_wanted
