-- Limits of a tenant: what is used of them, and the one way to use more.

-- A tenant's limits and what is used of them; `allowed` is NULL without a limit. Row security binds the caller:
-- a process asks for its transaction's tenant. Tasks at once are counted by the dispatch window, so their use is
-- NULL here.
CREATE FUNCTION check_tenant_limits(of_tenant bigint)
RETURNS TABLE (limit_name text, used bigint, allowed bigint, remaining bigint, reached boolean)
LANGUAGE sql STABLE SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT l.limit_name, l.used, l.allowed,
           CASE WHEN l.used < l.allowed THEN l.allowed - l.used WHEN l.used >= l.allowed THEN 0 END,
           coalesce(l.allowed - l.used < l.least, false)
    FROM tenants t
    LEFT JOIN tenant_usage u
        ON u.tenant_id = t.tenant_id AND u.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
    LEFT JOIN tenant_storage s ON s.tenant_id = t.tenant_id
    CROSS JOIN LATERAL (VALUES
        (1, 'monthly_pages', coalesce(u.pages, 0), t.monthly_pages, 1::bigint),
        (2, 'monthly_tokens', coalesce(u.tokens, 0), t.monthly_tokens, coalesce(u.tokens_wanted, 1)),
        (3, 'storage_bytes', coalesce(s.bytes, 0), t.storage_bytes, coalesce(s.wanted, 1)),
        (4, 'max_crawlers', NULL, t.max_crawlers::bigint, 1)
    ) AS l(place, limit_name, used, allowed, least)
    WHERE t.tenant_id = of_tenant ORDER BY l.place;
END;

-- Adds stored pages and the tokens of their chunks to the tenant's month, and bytes to its storage. `refused` is the
-- limit that they would pass, and then nothing was added; NULL when all was. `pages_left` is what the month has left
-- then: none when it has no tokens left; NULL without a limit. Less storage is never refused.
CREATE FUNCTION record_tenant_usage(of_tenant bigint, new_pages bigint, new_bytes bigint, new_tokens bigint DEFAULT 0,
                                    OUT refused text, OUT pages_left bigint)
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp
AS $$
DECLARE
    most_pages  bigint;
    most_tokens bigint;
    most_bytes  bigint;
    now_bytes   bigint;
    now_pages   bigint;
    now_tokens  bigint;
BEGIN
    SELECT t.monthly_pages, t.monthly_tokens, t.storage_bytes INTO STRICT most_pages, most_tokens, most_bytes
        FROM tenants t WHERE t.tenant_id = of_tenant;
    -- The row first: a growth below zero could not be the first value of one.
    IF NOT EXISTS (SELECT 1 FROM tenant_storage s WHERE s.tenant_id = of_tenant) THEN
        INSERT INTO tenant_storage (tenant_id) VALUES (of_tenant) ON CONFLICT (tenant_id) DO NOTHING;
    END IF;
    UPDATE tenant_storage s SET bytes = s.bytes + new_bytes
        WHERE s.tenant_id = of_tenant
          AND (new_bytes <= 0 OR most_bytes IS NULL OR s.bytes + new_bytes <= most_bytes)
        RETURNING s.bytes INTO now_bytes;
    IF NOT FOUND THEN
        refused := 'storage_bytes';
        RETURN;
    END IF;
    INSERT INTO tenant_usage AS u (tenant_id, month, pages, tokens, stored_bytes)
        SELECT of_tenant, date_trunc('month', now() AT TIME ZONE 'UTC')::date, new_pages, new_tokens, now_bytes
        WHERE new_pages <= coalesce(most_pages, new_pages) AND new_tokens <= coalesce(most_tokens, new_tokens)
    ON CONFLICT (tenant_id, month) DO UPDATE
        SET pages = u.pages + EXCLUDED.pages, tokens = u.tokens + EXCLUDED.tokens,
            stored_bytes = EXCLUDED.stored_bytes
        WHERE (EXCLUDED.pages <= 0 OR most_pages IS NULL OR u.pages + EXCLUDED.pages <= most_pages)
          AND (EXCLUDED.tokens <= 0 OR most_tokens IS NULL OR u.tokens + EXCLUDED.tokens <= most_tokens)
    RETURNING u.pages, u.tokens INTO now_pages, now_tokens;
    IF FOUND THEN
        pages_left := CASE WHEN most_tokens <= now_tokens THEN 0 ELSE most_pages - now_pages END;
        RETURN;
    END IF;
    UPDATE tenant_storage s SET bytes = s.bytes - new_bytes WHERE s.tenant_id = of_tenant;
    -- Pages first: without room for one of them tokens don't matter. The row, if there is one, is not ours alone, but
    -- the month's use only grows.
    SELECT coalesce(sum(u.pages), 0) INTO now_pages FROM tenant_usage u
        WHERE u.tenant_id = of_tenant AND u.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date;
    refused := CASE WHEN now_pages + new_pages > most_pages THEN 'monthly_pages' ELSE 'monthly_tokens' END;
END
$$;
