//! A crawl over a Redis Cluster whose shard changes its server in the middle.

use anyhow::{Result, ensure};
use rad_loadtest::fleet::{Fleet, FleetOptions, StoresChoice};
use rad_loadtest::web::{Server, Site};
use rad_schema::local::{LocalOptions, LocalStores};
use rad_schema::queue::Queue;

use crate::own_cluster::TestCluster;
use crate::proof::{WITHIN, crawl, proved, reader, spec};

/// Crawls with Postgres of its own and the cluster's Redis, lets `harm` happen while fetches hang in the server,
/// and demands what every crawl must leave behind.
async fn survives(seed: u64, harm: impl AsyncFnOnce(&mut TestCluster) -> Result<()>) -> Result<()> {
    let Some(mut cluster) = TestCluster::start().await? else { return Ok(()) };
    eprintln!("seed {seed}");
    let folder = tempfile::tempdir()?;
    let stores = LocalStores::start(&folder.path().join("stores"), LocalOptions::for_test()).await?;
    stores.create_database("rad").await?;
    let web = Server::start(Site::new(spec(seed, 250)), "127.0.0.1:0".parse()?).await?;
    let given = StoresChoice::Given {
        database_url: stores.url_for("rad_app", "rad"),
        redis_url: cluster.url(),
        migrate_url: stores.owner_url("rad"),
    };
    let options = FleetOptions { stores: given, ..FleetOptions::for_test(folder.path().join("fleet")) };
    let fleet = Fleet::start(options).await?;
    let started = crawl(&fleet, &web).await?;
    web.wait_arrivals(40).await;
    let held = web.hold("/");
    held.wait_held(4).await;
    let before = fleet.api().crawl(started.id).await?;
    ensure!(!before.has_ended(), "the crawl was over too soon");
    harm(&mut cluster).await?;
    held.release();
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    proved(&fleet, &web, &ended).await?;
    let layout = reader(&fleet).await?.layout(Queue::Crawl).await?;
    ensure!(layout.count() == 3, "each master has a shard: {layout:?}");
    let rebuilt = layout.shards.iter().filter(|placed| placed.shard.generation > 1).count();
    ensure!(rebuilt == 1, "the shard of the other server is rebuilt, and no other: {layout:?}");
    fleet.stop().await?;
    stores.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_failover_of_the_cluster_loses_nothing() -> Result<()> {
    survives(61, async |cluster| cluster.fail_over().await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_master_that_comes_back_as_a_replica_loses_nothing() -> Result<()> {
    survives(62, async |cluster| {
        let killed = cluster.kill_master().await?;
        cluster.start_again(killed).await
    })
    .await
}
