-- Removes ended tasks whose time to be read is over.
SELECT dispatch_expire_tasks($1)
