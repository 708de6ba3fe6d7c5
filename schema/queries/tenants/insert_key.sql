-- A key of a tenant; only its hash is kept.
INSERT INTO api_keys (tenant_id, key_id, key_hash) VALUES ($1, $2, $3)
