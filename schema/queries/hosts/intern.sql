-- Numbers for host keys.
SELECT host_key, host_id FROM dispatch_intern_hosts($1)
