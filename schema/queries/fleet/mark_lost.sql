-- Workers that have been silent for too long.
SELECT dispatch_mark_lost($1)
