-- Hosts that workers of older generations may be in contact with.
SELECT host_id, delay_ms FROM dispatch_in_flight($1, $2)
