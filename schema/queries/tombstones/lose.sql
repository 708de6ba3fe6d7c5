-- Notes that a crawl did not meet these documents and could not tell why: the next one is asked about them too.
UPDATE documents SET lost_in = $2 WHERE tenant_id = $1 AND document_id = ANY ($3)
