-- No tenant sees another: row security is forced on every table with a tenant_id.
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN
        SELECT c.relname FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        -- The sub-select is evaluated once per statement, not once per row; nullif because the setting
        -- reads '' after the first transaction that set it.
        EXECUTE format(
            'CREATE POLICY tenant_isolation ON %I TO rad_app '
            'USING (tenant_id = (SELECT nullif(current_setting(''app.tenant_id'', true), '''')::bigint)) '
            'WITH CHECK (tenant_id = (SELECT nullif(current_setting(''app.tenant_id'', true), '''')::bigint))', t);
    END LOOP;
END
$$;

-- Not api_keys: an operator's call presents the hash of its key, so a hash is as good as the key.
GRANT SELECT ON tenants, policy TO rad_app;
GRANT SELECT, INSERT, UPDATE ON tenant_usage, tenant_storage TO rad_app;
GRANT SELECT, INSERT, UPDATE ON sources, jobs, job_progress, job_reasons, crawl_urls, documents TO rad_app;
GRANT SELECT, INSERT ON usage_events TO rad_app;
GRANT SELECT, INSERT, DELETE ON doc_blobs TO rad_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON chunks TO rad_app;
GRANT SELECT, INSERT, DELETE ON outbox TO rad_app;
GRANT USAGE ON SEQUENCE crawl_task_ids TO rad_app;

-- What the cross-tenant functions may touch, and no more.
CREATE POLICY dispatch_reads ON tenants FOR SELECT TO rad_dispatch USING (true);
CREATE POLICY dispatch_reads ON api_keys FOR SELECT TO rad_dispatch USING (true);
CREATE POLICY dispatch_reads ON tenant_usage FOR SELECT TO rad_dispatch USING (true);
CREATE POLICY dispatch_reads ON tenant_storage FOR SELECT TO rad_dispatch USING (true);
CREATE POLICY dispatch_reads ON documents FOR SELECT TO rad_dispatch USING (true);
CREATE POLICY dispatch_all ON jobs TO rad_dispatch USING (true) WITH CHECK (true);
CREATE POLICY dispatch_all ON job_progress TO rad_dispatch USING (true) WITH CHECK (true);
CREATE POLICY dispatch_all ON job_reasons TO rad_dispatch USING (true) WITH CHECK (true);
CREATE POLICY dispatch_all ON crawl_urls TO rad_dispatch USING (true) WITH CHECK (true);
CREATE POLICY dispatch_all ON outbox TO rad_dispatch USING (true) WITH CHECK (true);
GRANT SELECT ON tenants, api_keys, tenant_usage, tenant_storage TO rad_dispatch;
GRANT SELECT (tenant_id, url_hash, document_id, etag, last_modified, outlinks, tombstoned_at)
    ON documents TO rad_dispatch;
GRANT SELECT, UPDATE ON jobs, job_progress, crawl_urls TO rad_dispatch;
GRANT SELECT, INSERT, UPDATE ON job_reasons TO rad_dispatch;
GRANT SELECT, DELETE ON outbox TO rad_dispatch;
GRANT SELECT, INSERT, UPDATE ON hosts, crawler_instances, dispatch_shards, leader_leases TO rad_dispatch;

-- What the functions of operators may touch.
CREATE POLICY admin_all ON tenants TO rad_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_all ON api_keys TO rad_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_all ON tenant_storage TO rad_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_all ON tenant_usage TO rad_admin USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON tenants, api_keys TO rad_admin;
GRANT SELECT, UPDATE (wanted) ON tenant_storage TO rad_admin;
GRANT SELECT, UPDATE (tokens_wanted) ON tenant_usage TO rad_admin;
