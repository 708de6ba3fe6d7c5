-- Hands every function that crosses tenants to its owner and lets only rad_app call it.
-- An owner needs CREATE on the schema at the moment of the hand-over, and not a moment longer.
GRANT CREATE ON SCHEMA public TO rad_dispatch, rad_admin;
DO $$
DECLARE
    f record;
BEGIN
    FOR f IN
        SELECT p.oid::regprocedure AS signature,
               CASE WHEN p.proname LIKE 'admin\_%' THEN 'rad_admin' ELSE 'rad_dispatch' END AS owner
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
          AND (p.proname LIKE 'dispatch\_%' OR p.proname LIKE 'admin\_%' OR p.proname = 'get_tenant_by_api_key')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f.signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO rad_app', f.signature);
        EXECUTE format('ALTER FUNCTION %s OWNER TO %I', f.signature, f.owner);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA public FROM rad_dispatch, rad_admin;

-- A process checks at start that the schema is the one it was built for.
GRANT SELECT ON _sqlx_migrations TO rad_app;
