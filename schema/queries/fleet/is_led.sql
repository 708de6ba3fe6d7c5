-- Whether anybody holds a leadership now.
SELECT dispatch_is_led($1)
