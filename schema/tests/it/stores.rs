//! A database of each test in the Postgres that all tests share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use rad_core::ids::Hash128;
use rad_schema::db::Db;
use rad_schema::local::{LocalOptions, LocalStores};
use rad_schema::migrate;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Any number: it keeps apart those who make the template or remove leftovers.
const TEMPLATE_LOCK: i64 = 0x7261_6474;

/// A migrated database of one test.
pub(crate) struct TestDb {
    pub(crate) db: Db,
    pub(crate) name: String,
    pub(crate) owner_url: String,
    stores: LocalStores,
}

impl TestDb {
    /// A copy of the migrated template, with a pool under the application role.
    pub(crate) async fn create() -> anyhow::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let stores = shared_postgres().await?;
        let template = template(&stores).await?;
        let name = format!("t_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(&stores.owner_url("postgres")).await?;
        run(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        run(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        let db = Db::connect(&stores.url_for("rad_app", &name), 12, "test").await?;
        Ok(Self { db, owner_url: stores.owner_url(&name), name, stores })
    }

    /// A session of the owner, a superuser.
    pub(crate) async fn owner(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect(&self.owner_url).await?)
    }

    /// The URL of the database for `role`.
    pub(crate) fn url_for(&self, role: &str) -> String {
        self.stores.url_for(role, &self.name)
    }

    /// A session of `role`.
    pub(crate) async fn session_of(&self, role: &str) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect(&self.url_for(role)).await?)
    }

    /// Removes the database. After a failed test the next test run does.
    pub(crate) async fn remove(self) -> anyhow::Result<()> {
        self.db.close().await;
        let mut admin = PgConnection::connect(&self.stores.owner_url("postgres")).await?;
        run(&mut admin, format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }
}

/// Runs a statement of the test's own.
pub(crate) async fn run(session: &mut PgConnection, sql: String) -> anyhow::Result<()> {
    let context = sql.clone();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(session).await.context(context)?;
    Ok(())
}

/// The Postgres of all tests. It outlives each of them: the test run's last step stops it.
async fn shared_postgres() -> anyhow::Result<LocalStores> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().context("target has a parent")?;
    let mut stores = LocalStores::start(&target.join("test-stores"), LocalOptions::for_test()).await?;
    if !stores.attached() {
        // The handle that started the servers must not end them: keep it and use one that is attached.
        std::mem::forget(stores);
        stores = LocalStores::start(&target.join("test-stores"), LocalOptions::for_test()).await?;
    }
    Ok(stores)
}

/// The migrated database that all are copied from, made once for each state of the migrations.
async fn template(stores: &LocalStores) -> anyhow::Result<String> {
    let mut admin = PgConnection::connect(&stores.owner_url("postgres")).await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut admin).await?;
    let mut text = Vec::new();
    for file in migration_files()? {
        text.extend(std::fs::read(file)?);
    }
    let name = format!("rad_template_{}", Hash128::of(&text));
    let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut admin)
        .await?;
    remove_leftovers(&mut admin, &name).await?;
    if !there {
        run(&mut admin, "CREATE DATABASE rad_unfinished".to_owned()).await?;
        migrate::run(&stores.owner_url("rad_unfinished")).await?;
        run(&mut admin, format!("ALTER DATABASE rad_unfinished RENAME TO {name}")).await?;
    }
    admin.close().await?;
    Ok(name)
}

/// Removes databases of tests that failed and of earlier migrations.
async fn remove_leftovers(admin: &mut PgConnection, template: &str) -> anyhow::Result<()> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT datname FROM pg_database WHERE datname ~ '^(t_[0-9]+_|rad_template_|rad_unfinished$)' \
         AND datname <> $1",
    )
    .bind(template)
    .fetch_all(&mut *admin)
    .await?;
    for name in names {
        let process = name.strip_prefix("t_").and_then(|rest| rest.split('_').next());
        if process.is_none_or(|process| !Path::new("/proc").join(process).exists()) {
            run(admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        }
    }
    Ok(())
}

/// All migrations, in the order of their names.
pub(crate) fn migration_files() -> anyhow::Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    Ok(files)
}
