-- Whether the current role can migrate: make tables, and change those that earlier migrations made.
SELECT has_schema_privilege(current_user, 'public', 'CREATE') AS may_create,
       coalesce((SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class
                 WHERE oid = to_regclass('public._sqlx_migrations')), true) AS owns_schema
