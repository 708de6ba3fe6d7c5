//! Scheduler processes of a fleet.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::StartError;
use super::process::Process;
use super::stores::Stores;
use super::{Fleet, FleetOptions, metrics};
use crate::client::Requester;

/// Longest time until a scheduler listens.
const LISTENS: Duration = Duration::from_secs(20);

/// Longest time until it is ready. After a wipe or a crash of Redis the window stays closed for a lease time,
/// which is added to this.
const READY: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(20);

/// How long a scheduler may finish open requests.
const DRAIN: Duration = Duration::from_secs(5);

/// Longest time for a scheduler to end: the drain, and giving up the leadership.
pub(super) const STOPS: Duration = Duration::from_secs(20);

pub(super) struct Scheduler {
    pub(super) process: Process,
    address: SocketAddr,
    origin: String,
    /// URL of its metrics.
    pub(super) metrics: String,
}

impl Scheduler {
    pub(super) async fn start(
        number: usize,
        stores: &Stores,
        options: &FleetOptions,
    ) -> Result<Self, StartError> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::start_at(any, &format!("scheduler-{number}"), stores, options).await
    }

    async fn start_at(
        address: SocketAddr,
        name: &str,
        stores: &Stores,
        options: &FleetOptions,
    ) -> Result<Self, StartError> {
        let mut env = vec![
            ("DATABASE_URL".to_owned(), stores.database_url()),
            ("REDIS_URL".to_owned(), stores.redis_url()),
            ("RAD_LISTEN".to_owned(), address.to_string()),
            ("RAD_ALLOW_CIDRS".to_owned(), options.cidrs.clone()),
            ("RAD_LEASE_TTL_SECONDS".to_owned(), options.lease_ttl.as_secs().to_string()),
            ("RAD_DRAIN_SECONDS".to_owned(), DRAIN.as_secs().to_string()),
            metrics::listen(),
        ];
        env.extend(options.shards.map(|shards| ("RAD_SHARDS".to_owned(), shards.to_string())));
        let (mut process, [origin, metrics]) =
            Process::announcing(&options.dir, name, "rad-scheduler", &[], &env, LISTENS).await?;
        let Some(metrics) = metrics::announced(&metrics) else {
            return Err(process.ended().into());
        };
        let bound = origin.trim_start_matches("http://").parse();
        let address = bound.map_err(|_| StartError::from(process.ended()))?;
        wait_ready(&mut process, &origin, READY + options.lease_ttl).await?;
        Ok(Self { process, address, origin, metrics })
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }
}

async fn wait_ready(process: &mut Process, origin: &str, within: Duration) -> Result<(), StartError> {
    let requester = Requester::new(vec![origin.to_owned()])?;
    let deadline = Instant::now() + within;
    loop {
        let Err(answer) = requester.ready(origin).await else {
            return Ok(());
        };
        if !process.is_alive() {
            return Err(process.ended().into());
        }
        if Instant::now() >= deadline {
            return Err(StartError::NotReady {
                name: process.name().to_owned(),
                seconds: within.as_secs(),
                answer,
                log: process.log().to_owned(),
            });
        }
        sleep(POLL).await;
    }
}

impl Fleet {
    /// Number of schedulers, killed ones included.
    pub fn schedulers(&self) -> usize {
        self.schedulers.len()
    }

    /// Kills scheduler `i` (SIGKILL) and waits until it is gone.
    pub async fn kill_scheduler(&mut self, i: usize) {
        self.schedulers[i].process.kill().await;
    }

    /// Starts scheduler `i` again, at its old address, and waits until it is ready. If it still runs it is
    /// drained first.
    pub async fn restart_scheduler(&mut self, i: usize) -> Result<(), StartError> {
        let old = &mut self.schedulers[i];
        old.process.terminate();
        if old.process.wait(STOPS).await.is_none() {
            old.process.kill().await;
        }
        let name = old.process.name().to_owned();
        self.schedulers[i] = Scheduler::start_at(old.address, &name, &self.stores, &self.options).await?;
        Ok(())
    }

    /// Starts all schedulers again with so many shards.
    pub async fn divide(&mut self, shards: u32) -> Result<(), StartError> {
        self.options.shards = Some(shards);
        for i in 0..self.schedulers.len() {
            self.restart_scheduler(i).await?;
        }
        Ok(())
    }

    /// Whether scheduler `i` runs.
    pub fn scheduler_alive(&mut self, i: usize) -> bool {
        self.schedulers[i].process.is_alive()
    }
}
