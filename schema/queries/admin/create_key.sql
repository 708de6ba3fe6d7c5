-- Keeps the hash of a new key; false when there is no tenant of that name.
SELECT admin_create_key($1, $2, $3, $4, $5)
