-- Adds a commit's pages and bytes to the tenant. NULL, or the limit that they would pass: then nothing was added.
SELECT record_tenant_usage($1, $2, $3)
