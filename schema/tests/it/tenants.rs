//! No tenant sees another, in any table, whatever the connection did before.

use anyhow::Context;
use rad_core::ids::{DocumentId, TenantId};
use rad_schema::db::Db;
use rad_schema::tenants::{self, KeyError};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::Done;
use crate::crawl::Crawl;
use crate::outside::new_task;
use crate::page::own_page;
use crate::stores::TestDb;

/// The one that not even its tenant reads: a key's hash is what an operator's call presents.
const HIDDEN: &str = "api_keys";

/// Tables with a tenant's rows.
async fn tenant_tables(owner: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'tenant_id'",
    )
    .fetch_all(owner)
    .await?)
}

/// A crawl with a stored page whose tenant has rows in every table, and a second tenant.
async fn two_tenants() -> anyhow::Result<(Crawl, TenantId)> {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0"]).await?;
    crawl.commit(vec![own_page(&tasks[0])]).await?;
    sqlx::query("INSERT INTO policy (tenant_id, name) VALUES ($1, 'mine')")
        .bind(crawl.tenant.0)
        .execute(&mut crawl.owner)
        .await?;
    sqlx::query("INSERT INTO crawl_url_deaths (tenant_id, task_id, incarnation, worker_id) VALUES ($1, 1, 1, 'crawler-1')")
        .bind(crawl.tenant.0)
        .execute(&mut crawl.owner)
        .await?;
    crawl.db().push_task(crawl.tenant, &new_task("index", 5)).await?;
    let (other, _) = tenants::create(&crawl.store.owner_url, "other", None).await?;
    Ok((crawl, other))
}

/// Runs a statement under the application role with `tenant` set, and takes it back. `Ok` has the rows that it
/// touched, `None` means that Postgres refused the right or the row.
async fn attempt(session: &mut PgConnection, tenant: TenantId, sql: String) -> anyhow::Result<Option<u64>> {
    let mut tx = session.begin().await?;
    sqlx::query("SELECT set_config('app.tenant_id', $1, true)")
        .bind(tenant.to_string())
        .execute(&mut *tx)
        .await?;
    let context = sql.clone();
    let result = sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await;
    tx.rollback().await?;
    match result {
        Ok(done) => Ok(Some(done.rows_affected())),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42501") => Ok(None),
        Err(error) => Err(error).context(context),
    }
}

#[tokio::test]
async fn no_table_lets_a_tenant_touch_rows_of_another() -> Done {
    let (mut crawl, other) = two_tenants().await?;
    let mut session = crawl.store.session_of("rad_app").await?;
    let victim = crawl.tenant;
    let tables = tenant_tables(&mut crawl.owner).await?;
    assert!(tables.len() >= 13, "{tables:?}");
    for table in tables {
        let row: String = sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT to_jsonb(t)::text FROM {table} t WHERE tenant_id = {victim} LIMIT 1"
        )))
        .fetch_one(&mut crawl.owner)
        .await
        .with_context(|| format!("{table} has a row of the victim"))?;
        let copy = format!(
            "INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, '{}')",
            row.replace('\'', "''")
        );
        assert_eq!(attempt(&mut session, other, copy).await?, None, "insert into {table}");
        for touch in [
            format!("SELECT 1 FROM {table} WHERE tenant_id = {victim}"),
            format!("UPDATE {table} SET tenant_id = {other} WHERE tenant_id = {victim}"),
            format!("DELETE FROM {table} WHERE tenant_id = {victim}"),
        ] {
            let touched = attempt(&mut session, other, touch.clone()).await?;
            assert!(touched.is_none_or(|rows| rows == 0), "{touch}: {touched:?}");
        }
        let own = attempt(&mut session, victim, format!("SELECT 1 FROM {table}")).await?;
        if table == HIDDEN {
            assert_eq!(own, None, "{table} is read through functions only");
            continue;
        }
        assert!(own.is_some_and(|rows| rows > 0), "{table} hides a tenant's own rows: {own:?}");
    }
    crawl.finish().await
}

#[tokio::test]
async fn without_a_tenant_there_are_no_rows() -> Done {
    let (mut crawl, _) = two_tenants().await?;
    let mut session = crawl.store.session_of("rad_app").await?;
    for table in tenant_tables(&mut crawl.owner).await?.into_iter().filter(|table| table != HIDDEN) {
        let sql = format!("SELECT count(*) FROM {table}");
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut session).await?;
        assert_eq!(rows, 0, "{table}");
    }
    crawl.finish().await
}

#[tokio::test]
async fn what_tenants_share_is_reached_through_functions_only() -> Done {
    let store = TestDb::create().await?;
    let mut session = store.session_of("rad_app").await?;
    for table in ["hosts", "crawler_instances", "dispatch_shards", "leader_leases"] {
        for sql in [
            format!("SELECT 1 FROM {table}"),
            format!("INSERT INTO {table} DEFAULT VALUES"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
        ] {
            assert_eq!(attempt(&mut session, TenantId(1), sql.clone()).await?, None, "{sql}");
        }
    }
    for sql in ["SET ROLE rad_dispatch", "CREATE TABLE public.mine (n int)"] {
        assert_eq!(attempt(&mut session, TenantId(1), sql.to_owned()).await?, None, "{sql}");
    }
    store.remove().await
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_of_two_tenants_on_one_connection_do_not_bleed() -> Done {
    let (crawl, other) = two_tenants().await?;
    let db = Db::connect(&crawl.store.url_for("rad_app"), 1, "test").await?;
    let mut running = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (db, job) = (db.clone(), crawl.job);
        let (tenant, own) = if number % 2 == 0 { (crawl.tenant, true) } else { (other, false) };
        running.spawn(async move {
            for _ in 0..40 {
                // Some of these end with a commit, some by being dropped.
                assert_eq!(db.job_status(tenant, job).await?.is_some(), own);
                let documents = db.documents(tenant, DocumentId(0), None, 10).await?;
                assert_eq!(documents.len(), usize::from(own));
                if !own {
                    assert!(!db.cancel_job(tenant, job).await?);
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    db.close().await;
    assert_eq!(crawl.status().await?.state, "running");
    crawl.finish().await
}

#[tokio::test]
async fn a_key_finds_its_tenant_until_it_is_revoked() -> Done {
    let store = TestDb::create().await?;
    let (tenant, key) = tenants::create(&store.owner_url, "acme", None).await?;
    let (same, second) = tenants::create(&store.owner_url, "acme", None).await?;
    assert_eq!(tenant, same);
    for key in [&key, &second] {
        let caller = store.db.caller(key).await?;
        assert_eq!((caller.tenant, caller.name.as_str()), (tenant, "acme"));
    }
    assert!(matches!(store.db.caller("rad_live_no").await, Err(KeyError::Malformed)));
    let mut owner = store.owner().await?;
    sqlx::query("UPDATE api_keys SET revoked_at = now()").execute(&mut owner).await?;
    assert!(matches!(store.db.caller(&key).await, Err(KeyError::Revoked)));
    drop(owner);
    store.remove().await
}
