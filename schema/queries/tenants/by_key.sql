-- The tenant of an API key, by the key's SHA-256, and that hash.
SELECT tenant_id, name, scopes, key_hash FROM get_tenant_by_api_key($1)
