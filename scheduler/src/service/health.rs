//! Whether the stores answer, and whether tasks can be claimed.
//!
//! A store that hangs must not hang the answer: whoever asks (a load balancer, a person at night) wants to hear
//! "no", soon. So the stores are asked at once, each with a deadline.

use std::time::Duration;

use rad_schema::db::DbError;
use rad_schema::fleet::Shard;
use rad_schema::window::{Dispatch, Opened, PROTOCOL, WindowError};
use serde::Serialize;
use tokio::time::timeout;

use super::fleet::VERSION;
use super::{Service, ServiceError};
use crate::tasks::LEADERSHIP;

/// Longest wait for a store: the answer has to be there within two seconds.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// What can be worked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Readiness {
    /// Postgres answers.
    postgres: bool,
    /// Redis answers and accepts writes.
    redis: bool,
    /// The dispatch window is open: claims are possible.
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
    pub(crate) async fn readiness(&self) -> Readiness {
        let (shard, window) =
            tokio::join!(timeout(PATIENCE, self.db.shard()), timeout(PATIENCE, observe(&self.dispatch)));
        let shard = shard.ok().and_then(Result::ok);
        let window = window.ok().and_then(Result::ok);
        Readiness {
            postgres: shard.is_some(),
            redis: window.is_some(),
            dispatch: is_open(shard.flatten().as_ref(), window.as_ref()),
        }
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
