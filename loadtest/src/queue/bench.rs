//! The private stores under test, and the connections to them.

use std::path::Path;
use std::time::{Duration, Instant};

use rad_core::ids::Incarnation;
use rad_schema::bench::{Meter, Reading};
use rad_schema::local::{LocalOptions, LocalStores};
use rad_schema::window::{Dispatch, LeaseTerms, Window};

use super::{QueueError, QueueOptions};

const DATABASE: &str = "rad";
const PROCESS_ROLE: &str = "rad_app";

/// No lease runs out while it is measured.
pub(super) const TERMS: LeaseTerms =
    LeaseTerms { ttl: Duration::from_hours(1), hard_deadline: Duration::from_hours(1) };

/// How often a server's state is looked at while it is waited for.
pub(super) const LOOK: Duration = Duration::from_millis(2);

/// Running stores and connections.
pub(super) struct Bench {
    stores: LocalStores,
    links: Vec<Dispatch>,
    meters: Vec<Meter>,
    generation: i64,
    incarnation: i64,
    began: Instant,
}

/// What a piece of work cost the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    pub(super) seconds: f64,
    /// Microseconds inside scripts.
    pub(super) script_us: u64,
    /// Of the server's process.
    pub(super) cpu_seconds: f64,
}

impl Spent {
    pub(super) fn between(before: &Reading, after: &Reading, wall: Duration) -> Self {
        Self {
            seconds: wall.as_secs_f64(),
            script_us: after.scripts_since(before).usec,
            cpu_seconds: after.cpu_seconds - before.cpu_seconds,
        }
    }
}

impl Bench {
    /// Starts stores in `dir` and connects.
    pub(super) async fn start(dir: &Path, options: &QueueOptions) -> Result<Self, QueueError> {
        let began = Instant::now();
        let stores = Box::pin(LocalStores::start(dir, LocalOptions::default())).await?;
        stores.create_database(DATABASE).await?;
        rad_schema::migrate::run(&stores.owner_url(DATABASE)).await?;
        let (mut links, mut meters) = (Vec::new(), Vec::new());
        for _ in 0..options.connections {
            links.push(Dispatch::connect(&stores.redis_url()).await?);
            meters.push(Meter::connect(&stores.redis_url()).await?);
        }
        Ok(Self { stores, links, meters, generation: 0, incarnation: 0, began })
    }

    /// Ends the stores.
    pub(super) async fn stop(self) -> Result<(), QueueError> {
        Ok(self.stores.stop().await?)
    }

    /// Tells on standard error what is done now.
    pub(super) fn tell(&self, what: &str) {
        eprintln!("queue {:>6.1} s  {what}", self.began.elapsed().as_secs_f64());
    }

    /// For the processes' role.
    pub(super) fn database_url(&self) -> String {
        self.stores.url_for(PROCESS_ROLE, DATABASE)
    }

    pub(super) fn owner_url(&self) -> String {
        self.stores.owner_url(DATABASE)
    }

    pub(super) fn link(&self) -> &Dispatch {
        &self.links[0]
    }

    pub(super) fn meters(&self) -> &[Meter] {
        &self.meters
    }

    /// The window of `generation`, once over each connection.
    pub(super) fn windows(&self, generation: i64) -> Vec<Window> {
        self.links.iter().map(|link| link.window(generation)).collect()
    }

    /// Empties Redis and opens a new window in it.
    pub(super) async fn fresh(&mut self) -> Result<Vec<Window>, QueueError> {
        self.link().wipe().await?;
        self.generation += 1;
        let opened = self.link().open(self.generation, &self.link().run_id().await?).await?;
        if !opened {
            return Err(QueueError::Broken("an empty Redis refused a new generation".to_owned()));
        }
        Ok(self.windows(self.generation))
    }

    /// A life of a worker that has joined.
    pub(super) async fn worker(&mut self, window: &Window) -> Result<Incarnation, QueueError> {
        self.incarnation += 1;
        let worker = Incarnation(self.incarnation);
        window.join(worker, TERMS).await?;
        Ok(worker)
    }

    /// What the server says of itself.
    pub(super) async fn read(&self) -> Result<Reading, QueueError> {
        Ok(self.meters[0].read().await?)
    }

    /// What the server says of itself once no child of it rewrites its file.
    pub(super) async fn calm(&self) -> Result<Reading, QueueError> {
        loop {
            let reading = self.read().await?;
            if !reading.rewrites {
                return Ok(reading);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Does `work` and says what it cost the server.
    pub(super) async fn metered<T>(
        &self,
        work: impl Future<Output = Result<T, QueueError>>,
    ) -> Result<(T, Spent), QueueError> {
        let before = self.read().await?;
        let began = Instant::now();
        let done = work.await?;
        let wall = began.elapsed();
        Ok((done, Spent::between(&before, &self.read().await?, wall)))
    }
}
