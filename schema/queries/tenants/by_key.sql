-- The tenant of an API key, by the key's SHA-256.
SELECT tenant_id, name, scopes FROM get_tenant_by_api_key($1)
