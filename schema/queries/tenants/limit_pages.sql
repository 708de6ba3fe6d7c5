-- Sets a tenant's monthly pages; NULL for no limit.
UPDATE tenants SET monthly_pages = $2 WHERE tenant_id = $1
