-- Which life of which server, and which of its databases: the same for two URLs only if they lead to one place.
SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint AS started_us,
       (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database
