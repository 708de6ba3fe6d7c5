-- Notes the room that has to be there before the tenant's next fetch.
INSERT INTO tenant_storage (tenant_id, wanted) VALUES ($1, $2)
ON CONFLICT (tenant_id) DO UPDATE SET wanted = EXCLUDED.wanted
