-- A tenant's limits and what is used of them.
SELECT limit_name, used, allowed, remaining, reached FROM check_tenant_limits($1)
