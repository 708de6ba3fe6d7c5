-- Takes or keeps a leadership.
SELECT dispatch_lead($1, $2, $3)
