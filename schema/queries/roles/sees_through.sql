-- Why the current role could see or change rows of other tenants; no row when it can't.
SELECT format('the role %s is a superuser', rolname) AS reason
FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL
SELECT format('the role %s has BYPASSRLS', rolname)
FROM pg_roles WHERE rolname = current_user AND rolbypassrls
UNION ALL
SELECT format('the role %s is a member of %s, which bypasses row security', current_user, rolname)
FROM pg_roles
WHERE (rolsuper OR rolbypassrls) AND rolname <> current_user AND pg_has_role(current_user, oid, 'MEMBER')
  AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT format('the role %s can act as %s, which crosses tenants', current_user, rolname)
FROM pg_roles
WHERE rolname IN ('rad_dispatch', 'rad_admin') AND pg_has_role(current_user, oid, 'MEMBER')
  AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT format('the role %s owns the table %s', current_user, c.relname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND pg_get_userbyid(c.relowner) = current_user
UNION ALL
SELECT format('the table %s does not force row security', c.relname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
UNION ALL
SELECT format('the table %s has no policy for rad_app that guards reads and writes', c.relname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT EXISTS (SELECT 1 FROM pg_policy p
                  WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL
                    AND 'rad_app'::regrole = ANY (p.polroles))
UNION ALL
-- Policies are alternatives: one more opens what the tenants' own closes.
SELECT format('the table %s has the policy %s beside that of its tenants', c.relname, p.polname)
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relnamespace = 'public'::regnamespace AND p.polpermissive AND p.polname <> 'tenant_isolation'
  AND EXISTS (SELECT 1 FROM unnest(p.polroles) AS r(role)
              WHERE CASE r.role WHEN 0 THEN true ELSE pg_has_role(current_user, r.role, 'MEMBER') END)
  AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
