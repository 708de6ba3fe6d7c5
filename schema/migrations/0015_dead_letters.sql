-- Deaths of workers with tasks in hand: their history, and what they do to the tasks.

-- The history of deaths: one row for each incarnation of a worker that died with the task in hand. Told twice, it is
-- written once.
CREATE TABLE crawl_url_deaths (
    tenant_id   bigint NOT NULL,
    task_id     bigint NOT NULL,
    incarnation bigint NOT NULL,
    worker_id   text NOT NULL,
    died_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, task_id, incarnation)
);

ALTER TABLE crawl_url_deaths ENABLE ROW LEVEL SECURITY;
ALTER TABLE crawl_url_deaths FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON crawl_url_deaths TO rad_app
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::bigint))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::bigint));
CREATE POLICY dispatch_all ON crawl_url_deaths TO rad_dispatch USING (true) WITH CHECK (true);
GRANT SELECT ON crawl_url_deaths TO rad_app;
GRANT SELECT, INSERT ON crawl_url_deaths TO rad_dispatch;
-- Whoever opens failed URLs again takes reasons away that none has any more.
GRANT DELETE ON job_reasons TO rad_app;

-- Workers died with these tasks in hand. Writes each death into the history, once however often it is told, and ends
-- the tasks that have max_deaths of them: they may be what kills. Tasks that have ended, and those of crawls that
-- have, are left as they are. Answers for every task that the ledger has.
CREATE FUNCTION dispatch_count_deaths(tenants bigint[], tasks bigint[], incarnations bigint[], max_deaths integer)
RETURNS TABLE (tenant_id bigint, task_id bigint, deaths smallint, is_open boolean, ended_now boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    dead_tenants bigint[];
    dead_tasks   bigint[];
BEGIN
    -- As a commit does: whoever ends or reopens a crawl waits until this is through, or this for them.
    PERFORM 1 FROM jobs j
    WHERE (j.tenant_id, j.job_id) IN (
        SELECT u.tenant_id, u.job_id FROM unnest(tenants, tasks) AS lost(tenant_id, task_id)
        JOIN crawl_urls u ON u.tenant_id = lost.tenant_id AND u.task_id = lost.task_id)
    ORDER BY j.tenant_id, j.job_id FOR SHARE;
    WITH noted AS (
        INSERT INTO crawl_url_deaths (tenant_id, task_id, incarnation, worker_id)
        SELECT u.tenant_id, u.task_id, lost.incarnation, coalesce(c.worker_id, format('incarnation %s', lost.incarnation))
        FROM unnest(tenants, tasks, incarnations) AS lost(tenant_id, task_id, incarnation)
        JOIN crawl_urls u ON u.tenant_id = lost.tenant_id AND u.task_id = lost.task_id AND u.state + 0 = 0
        LEFT JOIN crawler_instances c ON c.incarnation = lost.incarnation
        WHERE (SELECT j.state FROM jobs j WHERE j.tenant_id = u.tenant_id AND j.job_id = u.job_id)
              IN ('running', 'paused')
        ORDER BY u.tenant_id, u.task_id, lost.incarnation
        ON CONFLICT (tenant_id, task_id, incarnation) DO NOTHING
        RETURNING tenant_id, task_id
    ), charged AS (
        UPDATE crawl_urls u SET deaths = u.deaths + noted.n
        FROM (SELECT n.tenant_id, n.task_id, count(*) AS n FROM noted n GROUP BY n.tenant_id, n.task_id) AS noted
        WHERE u.tenant_id = noted.tenant_id AND u.task_id = noted.task_id AND u.state + 0 = 0
        RETURNING u.tenant_id, u.task_id, u.deaths
    )
    SELECT array_agg(charged.tenant_id), array_agg(charged.task_id) INTO dead_tenants, dead_tasks
    FROM charged WHERE charged.deaths >= max_deaths;
    -- A statement of its own: it must see the deaths of the one before.
    WITH ended AS (
        UPDATE crawl_urls u
        SET state = 7, verdict = 'poison', ended_at = now(), document_id = NULL,
            evidence = 'workers died with it in hand: ' || (
                SELECT string_agg(last.worker_id, ', ' ORDER BY last.died_at, last.incarnation)
                FROM (SELECT d.worker_id, d.died_at, d.incarnation FROM crawl_url_deaths d
                      WHERE d.tenant_id = u.tenant_id AND d.task_id = u.task_id
                      ORDER BY d.died_at DESC, d.incarnation DESC LIMIT max_deaths) AS last)
        FROM unnest(dead_tenants, dead_tasks) AS dead(tenant_id, task_id)
        WHERE u.tenant_id = dead.tenant_id AND u.task_id = dead.task_id
        RETURNING u.tenant_id, u.job_id
    ), sums AS (
        SELECT e.tenant_id, e.job_id, count(*) AS n FROM ended e GROUP BY e.tenant_id, e.job_id
    ), counted AS (
        UPDATE job_progress p SET failed = p.failed + s.n
        FROM sums s WHERE p.tenant_id = s.tenant_id AND p.job_id = s.job_id
    )
    INSERT INTO job_reasons AS r (tenant_id, job_id, state, verdict, urls)
    SELECT s.tenant_id, s.job_id, 7, 'poison', s.n FROM sums s ORDER BY s.tenant_id, s.job_id
    ON CONFLICT (tenant_id, job_id, state, verdict) DO UPDATE SET urls = r.urls + EXCLUDED.urls;
    RETURN QUERY
        SELECT u.tenant_id, u.task_id, u.deaths, u.state = 0,
               EXISTS (SELECT 1 FROM unnest(dead_tenants, dead_tasks) AS dead(tenant_id, task_id)
                       WHERE dead.tenant_id = u.tenant_id AND dead.task_id = u.task_id)
        FROM (SELECT DISTINCT * FROM unnest(tenants, tasks)) AS lost(tenant_id, task_id)
        JOIN crawl_urls u ON u.tenant_id = lost.tenant_id AND u.task_id = lost.task_id;
END
$$;

-- The function goes to its owner, as in the migrations before.
GRANT CREATE ON SCHEMA public TO rad_dispatch;
REVOKE ALL ON FUNCTION dispatch_count_deaths(bigint[], bigint[], bigint[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dispatch_count_deaths(bigint[], bigint[], bigint[], integer) TO rad_app;
ALTER FUNCTION dispatch_count_deaths(bigint[], bigint[], bigint[], integer) OWNER TO rad_dispatch;
REVOKE CREATE ON SCHEMA public FROM rad_dispatch;
