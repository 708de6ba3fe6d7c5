-- Adds a commit's pages, bytes and tokens to the tenant: the limit that they would pass (then nothing was added), and the
-- pages that the month has left.
SELECT refused, pages_left FROM record_tenant_usage($1, $2, $3, $4)
