//! Starts, attaches, crashes and ends with the real servers.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use nix::unistd::Uid;
use redis::AsyncCommands;
use sqlx::{Connection, PgConnection};

use super::*;

type Done = anyhow::Result<()>;

async fn redis_connection(url: &str) -> anyhow::Result<redis::aio::MultiplexedConnection> {
    Ok(redis::Client::open(url)?.get_multiplexed_async_connection().await?)
}

async fn insert(stores: &LocalStores, number: i32) -> Done {
    let mut connection = PgConnection::connect(&stores.owner_url("rad")).await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS kept (number int4)").execute(&mut connection).await?;
    sqlx::query("INSERT INTO kept VALUES ($1)").bind(number).execute(&mut connection).await?;
    Ok(())
}

async fn numbers(stores: &LocalStores) -> anyhow::Result<Vec<i32>> {
    let mut connection = PgConnection::connect(&stores.owner_url("rad")).await?;
    Ok(sqlx::query_scalar("SELECT number FROM kept ORDER BY number").fetch_all(&mut connection).await?)
}

async fn redis_value(stores: &LocalStores) -> anyhow::Result<Option<i64>> {
    Ok(redis_connection(&stores.redis_url()).await?.get("kept").await?)
}

async fn set_redis_value(stores: &LocalStores, value: i64) -> Done {
    Ok(redis_connection(&stores.redis_url()).await?.set("kept", value).await?)
}

#[tokio::test]
async fn data_is_still_there_after_a_stop_and_another_start() -> Done {
    let dir = tempfile::tempdir()?;
    let stores = LocalStores::start(dir.path(), LocalOptions::default()).await?;
    assert!(!stores.attached());
    assert!(stores.create_database("rad").await?);
    assert!(!stores.create_database("rad").await?);
    insert(&stores, 1).await?;
    set_redis_value(&stores, 7).await?;
    let (owner_url, redis_url) = (stores.owner_url("rad"), stores.redis_url());
    stores.stop().await?;
    assert!(PgConnection::connect(&owner_url).await.is_err());
    assert!(redis_connection(&redis_url).await.is_err());

    let again = LocalStores::start(dir.path(), LocalOptions::default()).await?;
    assert!(!again.attached());
    assert_eq!(numbers(&again).await?, [1]);
    assert_eq!(redis_value(&again).await?, Some(7));
    again.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_second_start_attaches_and_leaves_the_servers_to_their_owner() -> Done {
    let dir = tempfile::tempdir()?;
    let (first, second) = tokio::join!(
        LocalStores::start(dir.path(), LocalOptions::for_test()),
        LocalStores::start(dir.path(), LocalOptions::for_test()),
    );
    let (first, second) = (first?, second?);
    assert_ne!(first.attached(), second.attached(), "exactly one spawns");
    let (owner, guest) = if first.attached() { (second, first) } else { (first, second) };
    assert_eq!(owner.owner_url("rad"), guest.owner_url("rad"));
    guest.create_database("rad").await?;
    insert(&guest, 2).await?;
    guest.stop().await?;
    assert_eq!(numbers(&owner).await?, [2]);
    owner.stop().await?;
    Ok(())
}

#[tokio::test]
async fn orphans_are_adopted_and_ended_by_the_next_run() -> Done {
    let dir = tempfile::tempdir()?;
    let mut first = LocalStores::start(dir.path(), LocalOptions::for_test()).await?;
    first.postgres.disown();
    first.redis.disown();
    drop(first);

    let next = LocalStores::start(dir.path(), LocalOptions::for_test()).await?;
    assert!(next.attached());
    let redis_url = next.redis_url();
    assert!(redis_connection(&redis_url).await.is_ok());
    next.stop().await?;
    assert!(redis_connection(&redis_url).await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_drop_ends_the_servers_and_loses_nothing_committed() -> Done {
    let dir = tempfile::tempdir()?;
    let stores = LocalStores::start(dir.path(), LocalOptions::for_test()).await?;
    stores.create_database("rad").await?;
    insert(&stores, 3).await?;
    drop(stores);

    let again = LocalStores::start(dir.path(), LocalOptions::for_test()).await?;
    assert!(!again.attached());
    assert_eq!(numbers(&again).await?, [3]);
    again.stop().await?;
    Ok(())
}

#[tokio::test]
async fn postgres_recovers_from_a_kill() -> Done {
    let dir = tempfile::tempdir()?;
    let mut stores = LocalStores::start(dir.path(), LocalOptions::for_test()).await?;
    stores.create_database("rad").await?;
    insert(&stores, 4).await?;
    let mut open = PgConnection::connect(&stores.owner_url("rad")).await?;
    stores.kill_postgres().await?;
    assert!(open.ping().await.is_err(), "the session was cut");
    assert!(PgConnection::connect(&stores.owner_url("rad")).await.is_err());
    stores.start_postgres().await?;
    assert_eq!(numbers(&stores).await?, [4]);
    stores.restart_postgres().await?;
    assert_eq!(numbers(&stores).await?, [4]);
    stores.stop().await?;
    Ok(())
}

#[tokio::test]
async fn redis_restarts_with_or_without_its_data_and_keeps_its_port() -> Done {
    let dir = tempfile::tempdir()?;
    let options = LocalOptions {
        redis_persistence: RedisPersistence::AofEverysec,
        redis_tcp: true,
        ..LocalOptions::for_test()
    };
    let mut stores = LocalStores::start(dir.path(), options).await?;
    let tcp = stores.redis_tcp_url().expect("a TCP port was asked for");
    set_redis_value(&stores, 9).await?;
    // The append-only file is written before the reply, and a killed process loses no written bytes.
    stores.restart_redis(true).await?;
    assert_eq!(redis_value(&stores).await?, Some(9));
    assert_eq!(stores.redis_tcp_url().as_deref(), Some(tcp.as_str()));
    let over_tcp: i64 = redis_connection(&tcp).await?.get("kept").await?;
    assert_eq!(over_tcp, 9);

    stores.restart_redis(false).await?;
    assert_eq!(redis_value(&stores).await?, None);
    stores.kill_redis().await?;
    assert!(redis_connection(&stores.redis_url()).await.is_err());
    stores.start_redis().await?;
    assert_eq!(redis_value(&stores).await?, None);
    stores.stop().await?;
    Ok(())
}

#[tokio::test]
async fn a_missing_program_is_reported_before_anything_is_made() -> Done {
    let (dir, empty) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let options =
        LocalOptions { search_path: Some(vec![empty.path().to_owned()]), ..LocalOptions::default() };
    let asked = dir.path().join("stores");
    let error = LocalStores::start(&asked, options).await.expect_err("no program is there");
    assert!(matches!(error, LocalError::MissingBinary { name: "redis-server", .. }));
    assert!(!asked.exists());
    Ok(())
}

/// `ls` stands for a server that refuses its settings: it names the option and ends.
#[tokio::test]
async fn a_server_that_ends_at_once_is_reported_with_its_log() -> Done {
    let (dir, programs) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let found = Binaries::find(None)?;
    for (program, name) in [
        (found.initdb.as_path(), "initdb"),
        (found.postgres.as_path(), "postgres"),
        (Path::new("/bin/ls"), "redis-server"),
    ] {
        std::os::unix::fs::symlink(program, programs.path().join(name))?;
    }
    let options =
        LocalOptions { search_path: Some(vec![programs.path().to_owned()]), ..LocalOptions::for_test() };
    let started = LocalStores::start(dir.path(), options).await;
    let error = started.expect_err("ls is no server").to_string();
    assert!(error.starts_with("redis ended while starting"), "{error}");
    assert!(error.contains("--daemonize"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_still_works() -> Done {
    let dir = tempfile::tempdir()?;
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755))?;
    let asked = dir.path().join("long ".repeat(30));
    let stores = LocalStores::start(&asked, LocalOptions::for_test()).await?;
    assert_eq!(redis_value(&stores).await?, None);
    stores.create_database("rad").await?;
    insert(&stores, 5).await?;
    let sockets = stores.folder.sockets().to_owned();
    stores.stop().await?;
    assert!(sockets.starts_with("/tmp"));
    std::fs::remove_dir_all(sockets)?;
    Ok(())
}

/// Root's servers can't enter a private parent and go elsewhere; anybody else stays where they asked to be.
#[tokio::test]
async fn a_folder_out_of_the_servers_reach_is_replaced_and_recorded() -> Done {
    let dir = tempfile::tempdir()?;
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700))?;
    let asked = dir.path().join("stores");
    let stores = LocalStores::start(&asked, LocalOptions::for_test()).await?;
    stores.create_database("rad").await?;
    insert(&stores, 6).await?;
    let home = stores.folder().to_owned();
    stores.stop().await?;

    let again = LocalStores::start(&asked, LocalOptions::for_test()).await?;
    assert_eq!(again.folder(), home);
    assert_eq!(numbers(&again).await?, [6]);
    let data_owner = home.join("postgres").metadata()?.uid();
    again.stop().await?;
    if Uid::effective().is_root() {
        assert_eq!(std::fs::read_to_string(asked.join("location"))?, home.display().to_string());
        assert_ne!(data_owner, 0);
        std::fs::remove_dir_all(home)?;
    } else {
        assert_eq!(home, asked.canonicalize()?);
    }
    Ok(())
}
