-- The number of a leadership that begins now.
SELECT dispatch_next_leadership()
