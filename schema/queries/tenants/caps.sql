-- Tasks that tenants may have running at once.
SELECT tenant_id, at_once FROM dispatch_caps($1)
