//! The schema and its statements fit each other.

use std::path::{Path, PathBuf};

use anyhow::Context;
use rad_schema::migrate::{self, MigrateError};

use crate::Done;
use crate::snapshot::everything;
use crate::stores::{TestDb, migration_files, run};

fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    Ok(files)
}

#[tokio::test]
async fn every_query_has_a_header_and_is_one_statement_that_postgres_can_prepare() -> Done {
    let store = TestDb::create().await?;
    let mut session = store.session_of("rad_app").await?;
    let files = files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("queries"))?;
    assert!(files.len() > 40, "{}", files.len());
    for file in files {
        let sql = std::fs::read_to_string(&file)?;
        let name = file.display().to_string();
        assert_eq!(file.extension(), Some("sql".as_ref()), "{name}");
        assert!(sql.starts_with("-- "), "{name} has no header");
        let code: String = sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        assert!(!code.contains(';'), "{name} is more than one statement");
        run(&mut session, format!("PREPARE p AS {sql}")).await.context(name)?;
        run(&mut session, "DEALLOCATE p".to_owned()).await?;
    }
    store.remove().await
}

#[tokio::test]
async fn migrations_run_again_without_effect() -> Done {
    let store = TestDb::create().await?;
    let mut owner = store.owner().await?;
    let before = everything(&mut owner).await?;
    let objects = "SELECT string_agg(oid::text || xmin::text, ',' ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    let classes: String = sqlx::query_scalar(objects).fetch_one(&mut owner).await?;
    migrate::run(&store.owner_url).await?;
    assert_eq!(everything(&mut owner).await?, before);
    let again: String = sqlx::query_scalar(objects).fetch_one(&mut owner).await?;
    assert_eq!(again, classes);
    migrate::check(&store.db).await?;
    drop(owner);
    store.remove().await
}

#[tokio::test]
async fn an_older_schema_is_refused_and_a_newer_one_is_not() -> Done {
    let store = TestDb::create().await?;
    let wanted = migrate::wanted_version();
    let mut owner = store.owner().await?;
    sqlx::query("UPDATE _sqlx_migrations SET version = version + 1 WHERE version = $1")
        .bind(wanted)
        .execute(&mut owner)
        .await?;
    migrate::check(&store.db).await?;
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version > $1").bind(wanted).execute(&mut owner).await?;
    let older = migrate::check(&store.db).await;
    let found = wanted - 1;
    assert!(
        matches!(older, Err(MigrateError::Version { found: f, wanted: w }) if f == found && w == wanted),
        "{older:?}"
    );
    run(&mut owner, "DROP TABLE _sqlx_migrations".to_owned()).await?;
    let none = migrate::check(&store.db).await;
    assert!(matches!(none, Err(MigrateError::Version { found: 0, .. })), "{none:?}");
    drop(owner);
    store.remove().await
}

#[tokio::test]
async fn an_older_build_has_nothing_to_migrate_and_an_unreleased_one_is_told_apart() -> Done {
    let store = TestDb::create().await?;
    let mut owner = store.owner().await?;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 SELECT version + 1, 'of a newer build', true, checksum, 0 FROM _sqlx_migrations
                 ORDER BY version DESC LIMIT 1";
    run(&mut owner, newer.to_owned()).await?;
    migrate::run(&store.owner_url).await?;
    migrate::check(&store.db).await?;
    run(&mut owner, "UPDATE _sqlx_migrations SET checksum = 'another' WHERE version = 2".to_owned()).await?;
    let foreign = migrate::run(&store.owner_url).await;
    assert!(matches!(foreign, Err(MigrateError::Foreign { version: 2 })), "{foreign:?}");
    let foreign = migrate::check(&store.db).await;
    assert!(matches!(foreign, Err(MigrateError::Foreign { version: 2 })), "{foreign:?}");
    drop(owner);
    store.remove().await
}

#[test]
fn migrations_are_numbered_in_a_row_and_say_what_they_do() -> Done {
    for (number, file) in (1..).zip(migration_files()?) {
        let name = file.file_name().and_then(|name| name.to_str()).context("a plain name")?;
        assert!(name.starts_with(&format!("{number:04}_")), "{name}");
        assert_eq!(file.extension(), Some("sql".as_ref()), "{name}");
        let text = std::fs::read_to_string(&file)?;
        assert!(text.starts_with("-- "), "{name} has no header");
        assert!(text.lines().count() <= 200, "{name} is too long");
    }
    assert_eq!(i64::try_from(migration_files()?.len())?, migrate::wanted_version());
    Ok(())
}
