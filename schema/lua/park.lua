-- Stops serving a tenant that has used up its month: its offers go to others, its lanes back to the ledger.
-- ARGV[2] T   ARGV[3] most offers to give back in this call
-- returns 'STALE' or 'OK <offers still to give back>'
if stale() then return 'STALE' end
park(ARGV[2], tonumber(ARGV[3]))
flush()
return 'OK ' .. int(tenants[ARGV[2]][OFFERS])
