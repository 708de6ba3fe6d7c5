-- Notes the least growth that found no room, so that nothing is fetched in vain until there is.
INSERT INTO tenant_storage (tenant_id, wanted) VALUES ($1, $2)
ON CONFLICT (tenant_id) DO UPDATE SET wanted = EXCLUDED.wanted
