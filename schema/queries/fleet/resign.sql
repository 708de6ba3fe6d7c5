-- Gives a leadership up at once.
SELECT dispatch_resign($1, $2)
