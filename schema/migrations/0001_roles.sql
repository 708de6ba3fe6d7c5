-- The roles of a running fleet. Roles belong to the whole server, so another database may have made them.
--
-- rad_app       what every process logs in as: no ownership, no BYPASSRLS.
-- rad_dispatch  owns the functions that cross tenants; nobody logs in as it.
-- rad_admin     owns the functions that make and change tenants and keys; nobody logs in as it.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT * FROM (VALUES ('rad_app', 'LOGIN'), ('rad_dispatch', 'NOLOGIN'),
                                        ('rad_admin', 'NOLOGIN')) AS r(name, login)
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT',
                           wanted.name, wanted.login);
        EXCEPTION
            -- Two databases of one server may be migrated at the same moment.
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
    -- ALTER ... OWNER TO asks for membership, unless a superuser migrates.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT rad_dispatch, rad_admin TO %I', current_user);
    END IF;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO rad_app, rad_dispatch, rad_admin;
