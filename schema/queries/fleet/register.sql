-- A new incarnation of a worker.
SELECT dispatch_register($1, $2, $3, $4, $5)
