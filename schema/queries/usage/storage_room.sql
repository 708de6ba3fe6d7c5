-- Bytes that the tenant may still store; NULL when there is no limit.
SELECT t.storage_bytes - coalesce(s.bytes, 0) FROM tenants t
LEFT JOIN tenant_storage s ON s.tenant_id = t.tenant_id
WHERE t.tenant_id = $1
