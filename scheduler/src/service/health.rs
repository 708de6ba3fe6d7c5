//! Whether the stores answer, and whether tasks can be claimed.
//!
//! A store that hangs must not hang the answer: whoever asks (a load balancer, a person at night) wants to hear
//! "no", soon. So the stores are asked at once, each with a deadline.

use std::time::Duration;

use rad_schema::db::DbError;
use rad_schema::fleet::Shard;
use rad_schema::layout::{PlacedShard, ShardPlace};
use rad_schema::queue::Queue;
use rad_schema::window::{Dispatch, Opened, PROTOCOL, WindowError};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fleet::VERSION;
use super::{Service, ServiceError};
use crate::tasks::LEADERSHIP;

/// Longest wait for a store: the answer of both has to be there within two seconds.
const PATIENCE: Duration = Duration::from_millis(900);

/// What can be worked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Readiness {
    /// Postgres answers.
    postgres: bool,
    /// Redis answers and accepts writes, for one shard at least.
    redis: bool,
    /// The dispatch window of one shard at least is open: claims are possible.
    dispatch: bool,
}

impl Readiness {
    pub(crate) fn is_ready(self) -> bool {
        self.postgres && self.redis && self.dispatch
    }
}

/// The state of the whole fleet.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    version: &'static str,
    /// Newest migration that this build knows; the database has at least this one.
    schema_version: i64,
    #[serde(flatten)]
    readiness: Readiness,
    /// Some scheduler leads.
    leader: bool,
    workers_alive: usize,
}

/// What Redis says of its window.
struct Observed {
    /// What it was opened for.
    opened: Option<Opened>,
    /// The server that answers now.
    run_id: String,
}

impl Service {
    /// A shard that is away is no reason to take a scheduler away too: what some of them can do is done.
    pub(crate) async fn readiness(&self) -> Readiness {
        let layout = timeout(PATIENCE, self.db.layout(Queue::Crawl)).await.ok().and_then(Result::ok);
        let postgres = layout.is_some();
        let mut shards = layout.unwrap_or_default().shards;
        if shards.is_empty() {
            // Before the first leader, or unknown: Redis is asked all the same.
            shards.push(PlacedShard { place: ShardPlace::only(), shard: Shard::default() });
        }
        let mut asked = JoinSet::new();
        for placed in shards {
            let dispatch = self.shards.at(Queue::Crawl, &placed.place);
            asked.spawn(async move {
                let window = timeout(PATIENCE, observe(&dispatch)).await.ok().and_then(Result::ok);
                (window.is_some(), is_open(Some(&placed.shard), window.as_ref()))
            });
        }
        let seen = asked.join_all().await;
        let redis = seen.iter().any(|(answers, _)| *answers);
        Readiness { postgres, redis, dispatch: seen.iter().any(|(_, open)| *open) }
    }

    pub(crate) async fn health(&self) -> Result<Health, ServiceError> {
        let (readiness, workers, led) = tokio::join!(
            self.readiness(),
            timeout(PATIENCE, self.db.workers()),
            timeout(PATIENCE, self.db.is_led(LEADERSHIP)),
        );
        let (workers, led) =
            workers.and_then(|workers| Ok((workers, led?))).map_err(|_| DbError::TimedOut)?;
        Ok(Health {
            version: VERSION,
            schema_version: rad_schema::migrate::wanted_version(),
            readiness,
            leader: led?,
            workers_alive: workers?.iter().filter(|worker| worker.state == "alive").count(),
        })
    }
}

async fn observe(dispatch: &Dispatch) -> Result<Observed, WindowError> {
    let opened = dispatch.opened().await?;
    // Redis itself is asked who it is: a window that came back from an old snapshot is not open.
    let run_id = dispatch.run_id().await?;
    let generation = opened.as_ref().map_or(0, |opened| opened.generation);
    // A server that is out of memory, or can't save, answers reads. It refuses every script that may write, this
    // one included, though it only counts.
    match dispatch.window(generation).stats().await {
        Ok(_) | Err(WindowError::Stale) => Ok(Observed { opened, run_id }),
        Err(error) => Err(error),
    }
}

/// Postgres and Redis speak of the same generation on the same server, in our protocol.
fn is_open(shard: Option<&Shard>, window: Option<&Observed>) -> bool {
    let (Some(shard), Some(Observed { opened: Some(opened), run_id })) = (shard, window) else {
        return false;
    };
    let named = shard.generation == opened.generation && shard.run_id == opened.run_id;
    named && *run_id == opened.run_id && opened.protocol == PROTOCOL
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard() -> Shard {
        Shard { generation: 3, run_id: "a".to_owned(), raised_us: 0 }
    }

    fn window(opened: Option<(i64, &str)>, run_id: &str) -> Observed {
        let opened = opened.map(|(generation, server)| Opened {
            generation,
            run_id: server.to_owned(),
            protocol: PROTOCOL,
        });
        Observed { opened, run_id: run_id.to_owned() }
    }

    #[test]
    fn a_window_is_open_only_where_both_stores_agree() {
        assert!(is_open(Some(&shard()), Some(&window(Some((3, "a")), "a"))));
        assert!(!is_open(None, Some(&window(Some((3, "a")), "a"))));
        assert!(!is_open(Some(&shard()), None));
        assert!(!is_open(Some(&shard()), Some(&window(None, "a"))));
        assert!(!is_open(Some(&shard()), Some(&window(Some((2, "a")), "a"))), "an older generation");
        assert!(!is_open(Some(&shard()), Some(&window(Some((3, "a")), "b"))), "from a snapshot");
        assert!(!is_open(Some(&shard()), Some(&window(Some((3, "b")), "b"))), "of another server");
        let mut other = window(Some((3, "a")), "a");
        other.opened.as_mut().unwrap().protocol = PROTOCOL + 1;
        assert!(!is_open(Some(&shard()), Some(&other)), "of another protocol");
    }
}
