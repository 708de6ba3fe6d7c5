-- The tenant of this transaction, for row security. Local: it ends with the transaction.
SELECT set_config('app.tenant_id', $1, true)
