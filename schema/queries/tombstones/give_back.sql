-- Gives the storage of removed documents back to the tenant.
SELECT pages_left FROM record_tenant_usage($1, 0, -$2::bigint, 0)
