-- What is known of a host, for the explanation of a URL. Hosts are shared by tenants; what a site says is no secret.
CREATE FUNCTION dispatch_host(wanted text)
RETURNS TABLE (robots_state text, robots_body bytea, delay_ms bigint, max_concurrency integer, rests_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT h.robots_state, h.robots_body, h.delay_ms, h.max_concurrency,
           greatest(0, extract(epoch FROM h.not_before - clock_timestamp()) * 1000)::bigint
    FROM hosts h WHERE h.host_key = wanted;
END;

-- Crawls whose lost documents were not looked for yet.
CREATE FUNCTION dispatch_unjudged_jobs(at_most integer)
RETURNS TABLE (tenant_id bigint, job_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT j.tenant_id, j.job_id FROM jobs j
    WHERE j.state = 'completed' AND NOT j.judged ORDER BY j.job_id LIMIT at_most;
END;

-- The functions go to their owner, as in the migrations before.
GRANT CREATE ON SCHEMA public TO rad_dispatch;
REVOKE ALL ON FUNCTION dispatch_host(text), dispatch_unjudged_jobs(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dispatch_host(text), dispatch_unjudged_jobs(integer) TO rad_app;
ALTER FUNCTION dispatch_host(text) OWNER TO rad_dispatch;
ALTER FUNCTION dispatch_unjudged_jobs(integer) OWNER TO rad_dispatch;
REVOKE CREATE ON SCHEMA public FROM rad_dispatch;
