-- Divides a queue's dispatch window into as many shards as there are tags; true when that changed something.
SELECT dispatch_divide($1, $2)
