-- Makes a tenant; 23505 when one has the name.
SELECT admin_create_tenant($1, $2, $3, $4, $5, $6, $7)
