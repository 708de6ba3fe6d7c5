-- Bytes that a tenant keeps, summed up over its rows and as the commits counted.
SELECT (coalesce((SELECT sum(octet_length(body)) FROM doc_blobs WHERE tenant_id = $1), 0)
        + coalesce((SELECT sum(octet_length(markdown)) FROM documents WHERE tenant_id = $1), 0)
        + coalesce((SELECT sum(octet_length(text)) FROM chunks WHERE tenant_id = $1), 0))::bigint,
       coalesce((SELECT bytes FROM tenant_storage WHERE tenant_id = $1), 0)
