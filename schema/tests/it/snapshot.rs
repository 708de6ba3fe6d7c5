//! Everything that a database holds, to see that nothing changed, and that the counters are true.

use std::collections::BTreeMap;

use anyhow::ensure;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::Done;

/// All rows of all tables, as JSON.
pub(crate) async fn everything(owner: &mut PgConnection) -> anyhow::Result<BTreeMap<String, String>> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    )
    .fetch_all(&mut *owner)
    .await?;
    let mut all = BTreeMap::new();
    for table in tables {
        let sql = format!(
            "SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text), '[]')::text FROM {table} t"
        );
        let rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_one(&mut *owner).await?;
        all.insert(table, rows);
    }
    Ok(all)
}

/// Per crawl: discovered is the number of rows, each count that of the rows in its state or with its verdict, and
/// usage is what was stored.
pub(crate) async fn assert_counts_are_true(owner: &mut PgConnection) -> Done {
    let wrong: Vec<String> = sqlx::query_scalar(
        "SELECT format('%s, rows %s', to_jsonb(p), u.rows) FROM job_progress p
         CROSS JOIN LATERAL (
             SELECT count(*) AS total, jsonb_object_agg(state, n) AS rows
             FROM (SELECT state, count(*) AS n FROM crawl_urls
                   WHERE tenant_id = p.tenant_id AND job_id = p.job_id GROUP BY state) AS s) AS u
         WHERE p.discovered <> (SELECT count(*) FROM crawl_urls
                                WHERE tenant_id = p.tenant_id AND job_id = p.job_id)
            OR ARRAY[p.stored, p.unchanged, p.duplicate, p.redirected, p.superseded, p.skipped, p.failed] <>
               ARRAY(SELECT coalesce((u.rows ->> s.state::text)::bigint, 0)
                     FROM generate_series(1, 7) AS s(state) ORDER BY s.state)
            OR p.stored <> coalesce((SELECT sum(quantity) FROM usage_events
                                     WHERE tenant_id = p.tenant_id AND job_id = p.job_id), 0)
            OR p.discovered < p.stored + p.unchanged + p.duplicate + p.redirected + p.superseded + p.skipped
                              + p.failed",
    )
    .fetch_all(&mut *owner)
    .await?;
    ensure!(wrong.is_empty(), "counters and rows differ: {wrong:#?}");
    let unbilled: Vec<String> = sqlx::query_scalar(
        "SELECT format('tenant %s: month %s, events %s', e.tenant_id, u.pages, e.pages)
         FROM (SELECT tenant_id, sum(quantity) AS pages FROM usage_events GROUP BY tenant_id) AS e
         LEFT JOIN (SELECT tenant_id, sum(pages) AS pages FROM tenant_usage GROUP BY tenant_id) AS u USING (tenant_id)
         WHERE u.pages IS DISTINCT FROM e.pages",
    )
    .fetch_all(&mut *owner)
    .await?;
    ensure!(unbilled.is_empty(), "events and months differ: {unbilled:?}");
    let unexplained: Vec<String> = sqlx::query_scalar(
        "SELECT format('counted %s, rows %s', to_jsonb(r), to_jsonb(u)) FROM job_reasons r
         FULL JOIN (SELECT tenant_id, job_id, state, verdict, count(*) AS urls FROM crawl_urls
                    WHERE state IN (6, 7) GROUP BY tenant_id, job_id, state, verdict) AS u
             USING (tenant_id, job_id, state, verdict)
         WHERE r.urls IS DISTINCT FROM u.urls",
    )
    .fetch_all(&mut *owner)
    .await?;
    ensure!(unexplained.is_empty(), "reasons and rows differ: {unexplained:?}");
    let torn: Vec<String> = sqlx::query_scalar(
        "SELECT format('document %s has %s chunks, not %s', d.document_id, c.n, d.chunk_count) FROM documents d
         CROSS JOIN LATERAL (SELECT count(*) AS n FROM chunks
                             WHERE tenant_id = d.tenant_id AND document_id = d.document_id) AS c
         WHERE c.n <> d.chunk_count
            OR (d.tombstoned_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM doc_blobs b
                                WHERE b.tenant_id = d.tenant_id AND b.content_hash = d.content_hash))",
    )
    .fetch_all(&mut *owner)
    .await?;
    ensure!(torn.is_empty(), "documents are not whole: {torn:?}");
    assert_storage_is_true(owner).await
}

/// A tenant's storage is the sum of what its rows keep, and no body is kept that no document has.
async fn assert_storage_is_true(owner: &mut PgConnection) -> Done {
    let wrong: Vec<String> = sqlx::query_scalar(
        "SELECT format('tenant %s: counted %s, kept %s', t.tenant_id, s.bytes, k.bytes) FROM tenants t
         LEFT JOIN tenant_storage s USING (tenant_id)
         CROSS JOIN LATERAL (
             SELECT coalesce((SELECT sum(octet_length(body)) FROM doc_blobs b WHERE b.tenant_id = t.tenant_id), 0)
                  + coalesce((SELECT sum(octet_length(markdown)) FROM documents d WHERE d.tenant_id = t.tenant_id), 0)
                  + coalesce((SELECT sum(octet_length(text)) FROM chunks c WHERE c.tenant_id = t.tenant_id), 0)
                  AS bytes) AS k
         WHERE coalesce(s.bytes, 0) <> k.bytes OR s.bytes > t.storage_bytes
         UNION ALL
         SELECT format('tenant %s keeps the body %s for no document', b.tenant_id, b.content_hash) FROM doc_blobs b
         WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.tenant_id = b.tenant_id AND d.content_hash = b.content_hash)",
    )
    .fetch_all(owner)
    .await?;
    ensure!(wrong.is_empty(), "storage and rows differ: {wrong:?}");
    Ok(())
}
