-- What a worker says of itself.
SELECT dispatch_report($1, $2, $3, $4)
