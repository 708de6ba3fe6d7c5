-- Forgets a shard of an earlier division.
SELECT dispatch_forget_shard($1, $2, $3, $4)
