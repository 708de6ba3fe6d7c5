-- Revokes a key; since when it is revoked, NULL when the tenant has no such key.
SELECT to_char(admin_revoke_key($1, $2, $3) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
