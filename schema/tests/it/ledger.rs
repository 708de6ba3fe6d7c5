//! What the feeder reads of the ledger.

use std::time::Duration;

use rad_core::ids::{HostId, JobId, TenantId};
use rad_schema::commit::Link;
use rad_schema::hosts::{Keep, RobotsCopy};
use rad_schema::window::{HostTerms, Lane};

use crate::Done;
use crate::crawl::{Crawl, intern};
use crate::page::{own_page, url};

fn lane(crawl: &Crawl, host: HostId) -> Lane {
    Lane { tenant: crawl.tenant, host }
}

#[tokio::test]
async fn lanes_are_the_hosts_with_open_urls_of_a_running_crawl() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let mut hosts = vec![crawl.host];
    let mut links = Vec::new();
    for name in ["b", "c", "d"] {
        let host = intern(crawl.db(), &format!("http://{name}.test/")).await?;
        hosts.push(host);
        links.push(Link::new(crawl.job, &url(&format!("/on/{name}")), host, 1, 5, 0));
    }
    crawl.add("/0", links).await?;
    let expected: Vec<_> = hosts.iter().map(|host| lane(&crawl, *host)).collect();
    assert_eq!(crawl.db().lanes(crawl.tenant, crawl.job).await?, expected);
    // A host without open rows is no lane; the order is that of the hosts.
    crawl.add("/on/c", Vec::new()).await?;
    let lanes = crawl.db().lanes(crawl.tenant, crawl.job).await?;
    assert_eq!(lanes, [expected[0], expected[1], expected[3]]);
    crawl.set_state(JobId(1), "paused").await?;
    assert_eq!(crawl.db().lanes(crawl.tenant, crawl.job).await?, []);
    assert_eq!(crawl.db().lanes(TenantId(999), crawl.job).await?, []);
    crawl.finish().await
}

#[tokio::test]
async fn a_lanes_head_merges_all_running_crawls_in_the_order_of_dispatch() -> Done {
    let mut crawl = Crawl::with_pages(20).await?;
    let second = crawl.start(20, None).await?;
    let paused = crawl.start(20, None).await?;
    crawl.set_state(paused, "paused").await?;
    sqlx::query("UPDATE crawl_urls SET rank = (task_id * 7919) % 23 WHERE state = 0")
        .execute(&mut crawl.owner)
        .await?;
    let other = intern(crawl.db(), "http://b.test/").await?;
    let heads = crawl.db().lane_heads(&[lane(&crawl, other), crawl.lane()], 1).await?;
    assert_eq!((heads[0].lane.host, heads[0].tasks.len(), heads[0].complete), (other, 0, true));
    let head = &heads[1];
    assert_eq!((head.tasks.len(), head.complete), (40, true));
    let order: Vec<_> = head.tasks.iter().map(|(task, rank)| (*rank, *task)).collect();
    assert!(order.is_sorted());
    let second_tasks = crawl.task(second, "/3").await?;
    assert!(head.tasks.iter().any(|(task, _)| *task == second_tasks));
    crawl.finish().await
}

#[tokio::test]
async fn a_long_lanes_head_is_its_most_urgent_part_and_not_complete() -> Done {
    let mut crawl = Crawl::with_pages(300).await?;
    let head = crawl.db().lane_heads(&[crawl.lane()], 1).await?.remove(0);
    assert!(!head.complete);
    assert_eq!(head.tasks.len(), 256);
    let ranks: Vec<i64> =
        sqlx::query_scalar("SELECT rank FROM crawl_urls WHERE state = 0 ORDER BY rank, task_id LIMIT 256")
            .fetch_all(&mut crawl.owner)
            .await?;
    assert_eq!(head.tasks.iter().map(|(_, rank)| *rank).collect::<Vec<_>>(), ranks);
    crawl.finish().await
}

#[tokio::test]
async fn a_head_tells_of_hydrates_under_older_generations_only() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let (db, lane) = (crawl.db().clone(), crawl.lane());
    assert_eq!(db.lane_heads(&[lane], 2).await?[0].last_stale_hydrate_us, None, "nothing was hydrated yet");
    let at = crawl.take(&["/0"]).await?[0].hydrated.hydrated_us;
    assert_eq!(db.lane_heads(&[lane], 1).await?[0].last_stale_hydrate_us, None);
    assert_eq!(db.lane_heads(&[lane], 2).await?[0].last_stale_hydrate_us, Some(at));
    crawl.finish().await
}

#[tokio::test]
async fn the_terms_of_a_lane_are_those_of_its_tenant_and_host() -> Done {
    let mut crawl = Crawl::limited(2, None, Some(10)).await?;
    let unknown = crawl.db().lane_terms(&[crawl.lane()]).await?.remove(0).expect("the lane exists");
    assert_eq!((unknown.weight, unknown.max_crawlers, unknown.room), (1, 256, Some(10)));
    assert_eq!((unknown.host, unknown.pause), (None, Duration::ZERO));
    let host = HostTerms { delay: Duration::from_millis(1500), max_concurrency: 3 };
    let robots = RobotsCopy::Found(b"User-agent: *".to_vec());
    crawl.db().store_robots(crawl.host, &robots, KEEP, host).await?;
    crawl.db().push_back(crawl.host, Duration::from_mins(5)).await?;
    crawl.db().push_back(crawl.host, Duration::from_mins(1)).await?;
    let tasks = crawl.take(&["/0"]).await?;
    crawl.commit(vec![own_page(&tasks[0])]).await?;
    let gone = Lane { tenant: TenantId(999), ..crawl.lane() };
    let terms = crawl.db().lane_terms(&[gone, crawl.lane()]).await?;
    assert!(terms[0].is_none());
    let known = terms[1].expect("the lane exists");
    assert_eq!((known.host, known.room), (Some(host), Some(9)));
    assert!(known.pause > Duration::from_mins(4), "a push-back only moves forward: {:?}", known.pause);
    let (copy, fresh_for) = crawl.db().robots(crawl.host).await?.expect("it was stored");
    assert_eq!(copy, robots);
    assert!(fresh_for > Duration::from_mins(59) && fresh_for <= Duration::from_hours(1));
    crawl.finish().await
}

const KEEP: Keep = Keep { told: Duration::from_hours(1), retained: Duration::from_mins(10) };

#[tokio::test]
async fn a_robots_txt_that_becomes_unreachable_leaves_the_last_copy_in_force() -> Done {
    let crawl = Crawl::with_pages(1).await?;
    let (db, host) = (crawl.db(), crawl.host);
    let usual = HostTerms { delay: Duration::from_millis(250), max_concurrency: 2 };
    let slow = HostTerms { delay: Duration::from_secs(9), max_concurrency: 1 };
    let first = db.store_robots(host, &RobotsCopy::Unreachable, KEEP, usual).await?;
    assert_eq!(first, (RobotsCopy::Unreachable, KEEP.told), "there is no copy yet");
    let file = RobotsCopy::Found(b"User-agent: *\nCrawl-delay: 9".to_vec());
    assert_eq!(db.store_robots(host, &file, KEEP, slow).await?, (file.clone(), KEEP.told));
    assert_eq!(
        db.store_robots(host, &RobotsCopy::Unreachable, KEEP, usual).await?,
        (file.clone(), KEEP.retained)
    );
    let terms = db.lane_terms(&[crawl.lane()]).await?.remove(0).expect("the lane exists");
    assert_eq!(terms.host, Some(slow), "the host's own terms stay too");
    let (copy, fresh_for) = db.robots(host).await?.expect("it is believed");
    assert!(copy == file && fresh_for <= KEEP.retained);
    assert_eq!(db.store_robots(host, &RobotsCopy::AllowAll, KEEP, usual).await?.0, RobotsCopy::AllowAll);
    crawl.finish().await
}

#[tokio::test]
async fn a_host_is_visited_outside_its_clock_once_in_a_while_by_the_whole_fleet() -> Done {
    let crawl = Crawl::with_pages(1).await?;
    let (db, host) = (crawl.db(), crawl.host);
    let (one, other) =
        tokio::join!(db.visit(host, Duration::from_mins(1)), db.visit(host, Duration::from_mins(1)));
    assert!(one? != other?, "exactly one of two at the same time");
    assert!(db.visit(host, Duration::ZERO).await?, "the gap has passed");
    db.push_back(host, Duration::from_mins(1)).await?;
    assert!(!db.visit(host, Duration::ZERO).await?, "the host asked for a rest");
    crawl.finish().await
}
