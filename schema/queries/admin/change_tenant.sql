-- Changes limits and shares of a tenant; false when there is none of that name.
SELECT admin_change_tenant($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
