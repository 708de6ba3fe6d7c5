//! Readiness tells the truth, and soon, when a store is down, hangs or refuses writes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rad_loadtest::fleet::Fleet;
use reqwest::Method;
use serde_json::{Value, json};

use crate::held::tell;
use crate::plain_http::PlainHttp;
use crate::proof::{WITHIN, rig, spec};

/// A store is given 1.5 s; the rest is for a machine that is busy.
const SOON: Duration = Duration::from_secs(5);

async fn ready(http: &PlainHttp) -> Result<(bool, Value)> {
    let asked = Instant::now();
    let answer = http.send(&Method::GET, "/readyz", &[], Vec::new()).await?;
    ensure!(asked.elapsed() <= SOON, "answered after {:?}", asked.elapsed());
    ensure!(answer.status == 200 || answer.status == 503, "{answer:?}");
    Ok((answer.status == 200, answer.json()?))
}

/// Waits until the scheduler is ready again.
async fn green(http: &PlainHttp) -> Result<()> {
    let begun = Instant::now();
    loop {
        let (is_ready, told) = ready(http).await?;
        if is_ready {
            return Ok(());
        }
        ensure!(begun.elapsed() < WITHIN, "not ready again: {told}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn red(http: &PlainHttp, expected: &Value) -> Result<()> {
    let (is_ready, told) = ready(http).await?;
    ensure!(!is_ready && told == *expected, "{told} instead of {expected}");
    let alive = http.send(&Method::GET, "/healthz", &[], Vec::new()).await?;
    ensure!(alive.status == 200, "a process is not restarted for its stores: {alive:?}");
    Ok(())
}

async fn redis(fleet: &Fleet, command: &str) -> Result<()> {
    let answer = tell(fleet, command).await?;
    ensure!(answer.starts_with("+OK"), "{command}: {answer}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_is_not_ready_while_redis_hangs_or_refuses_writes() -> Result<()> {
    let (_folder, _web, fleet) = rig(spec(86, 5), 0).await?;
    let http = PlainHttp::new(&fleet)?;
    green(&http).await?;
    redis(&fleet, "CONFIG SET maxmemory 1").await?;
    red(&http, &json!({ "postgres": true, "redis": false, "dispatch": false })).await?;
    redis(&fleet, "CONFIG SET maxmemory 0").await?;
    green(&http).await?;
    redis(&fleet, "CLIENT PAUSE 4000 ALL").await?;
    red(&http, &json!({ "postgres": true, "redis": false, "dispatch": false })).await?;
    green(&http).await?;
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_is_not_ready_while_postgres_is_down() -> Result<()> {
    let (_folder, _web, mut fleet) = rig(spec(87, 5), 0).await?;
    let http = PlainHttp::new(&fleet)?;
    green(&http).await?;
    fleet.stores_mut().context("the stores are private")?.kill_postgres().await?;
    red(&http, &json!({ "postgres": false, "redis": true, "dispatch": false })).await?;
    let refused = http.get(fleet.key(), "/api/v1/crawls").await?.expect(503)?;
    ensure!(refused["code"] == "store_unavailable" && refused["retryable"] == true, "{refused}");
    fleet.stores_mut().context("the stores are private")?.start_postgres().await?;
    green(&http).await?;
    fleet.stop().await?;
    Ok(())
}
