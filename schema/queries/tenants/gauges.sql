-- Open crawls by tenant, the largest first; all others as one row without a name.
SELECT name, by_state, paused, dead, pages_ratio, tokens_ratio, storage_ratio FROM dispatch_tenant_gauges($1)
