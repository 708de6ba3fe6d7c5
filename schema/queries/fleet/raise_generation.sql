-- Raises a shard's generation; NULL when another has done so.
SELECT dispatch_raise_generation($1, $2, $3, $4, $5)
