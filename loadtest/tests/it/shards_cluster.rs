//! A shard on each master of a Redis Cluster, one of which dies with its replica.

use anyhow::{Context, Result, ensure};
use rad_core::ids::HostId;
use rad_core::url::CanonicalUrl;
use rad_loadtest::fleet::{FleetOptions, StoresChoice};
use rad_schema::db::Db;
use rad_schema::keys::shard_of;
use rad_schema::local::{LocalOptions, LocalStores};
use rad_schema::queue::Queue;

use crate::own_cluster::TestCluster;
use crate::proof::{WITHIN, reader};
use crate::shards::Rig;

/// The number of a site's host.
async fn host(db: &Db, url: &str) -> Result<HostId> {
    let key = CanonicalUrl::parse(url)?.host_key();
    let numbers = db.intern_hosts(std::slice::from_ref(&key)).await?;
    numbers.get(&key).copied().context("interning gives a number")
}

/// The shard on the server that serves the tests' own key.
async fn doomed(cluster: &TestCluster, db: &Db) -> Result<u32> {
    let (master, _) = cluster.shard().await?;
    for placed in db.layout(Queue::Crawl).await?.shards {
        let key = format!("EXISTS {{{}}}:meta", placed.place.tag);
        if cluster.ask(master, &key).await? == "1" {
            return Ok(placed.place.index);
        }
    }
    anyhow::bail!("the master has no shard")
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_master_and_its_replica_are_dead_the_other_shards_go_on() -> Result<()> {
    let Some(mut cluster) = TestCluster::start().await? else { return Ok(()) };
    for node in 0..cluster.nodes.len() {
        // Otherwise the whole cluster stands still when a part of the slots has no server.
        ensure!(cluster.ask(node, "CONFIG SET cluster-require-full-coverage no").await? == "OK");
    }
    let folder = tempfile::tempdir()?;
    let stores = LocalStores::start(&folder.path().join("stores"), LocalOptions::for_test()).await?;
    stores.create_database("rad").await?;
    let given = StoresChoice::Given {
        database_url: stores.url_for("rad_app", "rad"),
        redis_url: cluster.url(),
        migrate_url: stores.owner_url("rad"),
    };
    let options = FleetOptions { stores: given, ..FleetOptions::for_test(folder.path().join("fleet")) };
    let rig = Rig::with(76, 60, options, folder).await?;
    let db = reader(&rig.fleet).await?;
    let dead = doomed(&cluster, &db).await?;
    let held = rig.hold();
    let crawls = rig.crawl().await?;
    rig.in_the_middle(held).await;
    let (master, replica) = cluster.shard().await?;
    cluster.nodes[replica].server.kill().await?;
    cluster.nodes[master].server.kill().await?;

    let (mut living, mut stuck) = (0, 0);
    for (web, crawl) in rig.webs.iter().zip(&crawls) {
        if shard_of(host(&db, &web.url()).await?, 3) == dead {
            stuck += 1;
        } else {
            let ended = rig.fleet.wait_crawl(crawl.id, WITHIN, |_| ()).await?;
            ensure!(ended.state == "completed", "ended {}", ended.state);
            living += 1;
        }
    }
    eprintln!("{living} crawls were completed without the shard, {stuck} wait for it or were done before");
    ensure!(living > 0 && stuck > 0, "hosts in all shards");
    cluster.start_again(master).await?;
    rig.proved(&crawls).await?;
    stores.stop().await?;
    Ok(())
}
