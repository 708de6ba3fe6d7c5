-- Removes outbox rows that nobody fetched for a week, a step at a time.
SELECT dispatch_trim_outbox(interval '7 days', $1)
