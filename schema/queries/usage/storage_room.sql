-- Bytes that the tenant may still store, and all that it may; NULL when there is no limit.
SELECT t.storage_bytes - coalesce(s.bytes, 0), t.storage_bytes FROM tenants t
LEFT JOIN tenant_storage s ON s.tenant_id = t.tenant_id
WHERE t.tenant_id = $1
