-- A tenant by name, made when there is none. The empty update makes RETURNING give the existing row.
INSERT INTO tenants (name, monthly_pages) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET name = EXCLUDED.name
RETURNING tenant_id
