-- Whether a host may be asked now outside its clock.
SELECT dispatch_visit($1, $2)
