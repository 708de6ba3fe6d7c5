-- Whether a key that is not valid was valid once.
SELECT dispatch_key_was_revoked($1)
