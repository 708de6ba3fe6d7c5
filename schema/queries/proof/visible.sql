-- Rows of each tenant table that this transaction can see and that are not the tenant's.
SELECT c.relname::text,
       (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I WHERE tenant_id <> %s', c.relname, $1::bigint),
                                            false, true, '')))[1]::text::bigint AS foreign_rows
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT')
ORDER BY c.relname
