-- What the server is, how safe its commits are, and how many connections it has for us.
SELECT current_setting('server_version_num')::integer AS version_number,
       current_setting('server_version') AS version,
       pg_is_in_recovery() AS is_standby,
       current_setting('transaction_read_only')::boolean AS is_read_only,
       current_setting('fsync')::boolean AS fsync,
       current_setting('synchronous_commit') <> 'off' AS waits_for_disk,
       current_setting('max_connections')::integer AS max_connections,
       current_setting('superuser_reserved_connections')::integer AS reserved_connections,
       (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role_limit,
       -- Names are all that a role sees of the sessions of others; the server's own have none.
       (SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND usename <> current_user) AS of_others
