-- Nobody contacts the host before this has passed, whatever becomes of Redis.
SELECT dispatch_push_back($1, $2)
