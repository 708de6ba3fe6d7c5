-- The calls by which operators make and change tenants and keys.

-- Lets an operator pass: who presents the hash of a living key with the scope admin, or, with no hash, who is
-- logged in as the owner of the schema. Everybody else gets 42501.
CREATE FUNCTION admin_authorize(presented_hash bytea)
RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    IF presented_hash IS NULL THEN
        IF pg_has_role(session_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = 'tenants'::regclass), 'USAGE') THEN
            RETURN;
        END IF;
    ELSIF EXISTS (SELECT 1 FROM api_keys k WHERE k.key_hash = presented_hash AND k.revoked_at IS NULL
                                              AND 'admin' = ANY (k.scopes)) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'only operators may do this' USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Tenants after a cursor, or the one of a name.
CREATE FUNCTION admin_tenants(presented_hash bytea, after_tenant bigint, at_most integer, of_name text)
RETURNS TABLE (tenant_id bigint, name text, weight integer, max_crawlers integer, monthly_pages bigint,
               monthly_tokens bigint, storage_bytes bigint, pages_this_month bigint, tokens_this_month bigint,
               bytes_stored bigint, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM admin_authorize(presented_hash);
    RETURN QUERY
        SELECT t.tenant_id, t.name, t.weight, t.max_crawlers, t.monthly_pages, t.monthly_tokens,
               t.storage_bytes, coalesce(u.pages, 0), coalesce(u.tokens, 0), coalesce(s.bytes, 0), t.created_at
        FROM tenants t
        LEFT JOIN tenant_usage u
            ON u.tenant_id = t.tenant_id AND u.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
        LEFT JOIN tenant_storage s ON s.tenant_id = t.tenant_id
        WHERE t.tenant_id > after_tenant AND (of_name IS NULL OR t.name = of_name)
        ORDER BY t.tenant_id LIMIT at_most;
END
$$;

-- NULL limits of pages, tokens and bytes mean none; the others have defaults.
CREATE FUNCTION admin_create_tenant(presented_hash bytea, new_name text, pages bigint, bytes bigint,
                                    crawlers integer, share integer, tokens bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM admin_authorize(presented_hash);
    INSERT INTO tenants (name, monthly_pages, monthly_tokens, storage_bytes, max_crawlers, weight)
        VALUES (new_name, pages, tokens, bytes, coalesce(crawlers, 256), coalesce(share, 1))
        RETURNING tenants.tenant_id INTO made;
    RETURN made;
END
$$;

-- Changes what is given: a limit with its `set_` flag, NULL for none; the others where they are not NULL. False
-- when there is no such tenant.
CREATE FUNCTION admin_change_tenant(presented_hash bytea, of_name text, set_pages boolean, pages bigint,
                                    set_bytes boolean, bytes bigint, crawlers integer, share integer,
                                    set_tokens boolean DEFAULT false, tokens bigint DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM admin_authorize(presented_hash);
    UPDATE tenants t
    SET monthly_pages = CASE WHEN set_pages THEN pages ELSE t.monthly_pages END,
        monthly_tokens = CASE WHEN set_tokens THEN tokens ELSE t.monthly_tokens END,
        storage_bytes = CASE WHEN set_bytes THEN bytes ELSE t.storage_bytes END,
        max_crawlers = coalesce(crawlers, t.max_crawlers), weight = coalesce(share, t.weight)
    WHERE t.name = of_name RETURNING t.tenant_id INTO changed;
    -- What was refused under the old limit is tried again under the new one.
    IF set_bytes THEN UPDATE tenant_storage s SET wanted = NULL WHERE s.tenant_id = changed; END IF;
    IF set_tokens THEN UPDATE tenant_usage u SET tokens_wanted = NULL WHERE u.tenant_id = changed; END IF;
    RETURN changed IS NOT NULL;
END
$$;

-- Keeps a key by its hash. False when there is no such tenant.
CREATE FUNCTION admin_create_key(presented_hash bytea, of_name text, new_id text, new_hash bytea, new_scopes text[])
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM admin_authorize(presented_hash);
    INSERT INTO api_keys (tenant_id, key_id, key_hash, scopes)
        SELECT t.tenant_id, new_id, new_hash, new_scopes FROM tenants t WHERE t.name = of_name;
    RETURN FOUND;
END
$$;

CREATE FUNCTION admin_keys(presented_hash bytea, of_name text)
RETURNS TABLE (key_id text, scopes text[], created_at timestamptz, revoked_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM admin_authorize(presented_hash);
    RETURN QUERY
        SELECT k.key_id, k.scopes, k.created_at, k.revoked_at
        FROM tenants t JOIN api_keys k ON k.tenant_id = t.tenant_id
        WHERE t.name = of_name ORDER BY k.created_at, k.key_id;
END
$$;

-- A key that was revoked keeps its first date. NULL when the tenant has no such key.
CREATE FUNCTION admin_revoke_key(presented_hash bytea, of_name text, wanted_key text)
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    since timestamptz;
BEGIN
    PERFORM admin_authorize(presented_hash);
    UPDATE api_keys k SET revoked_at = coalesce(k.revoked_at, now())
        FROM tenants t WHERE t.name = of_name AND k.tenant_id = t.tenant_id AND k.key_id = wanted_key
        RETURNING k.revoked_at INTO since;
    RETURN since;
END
$$;
