//! Taking back what the dead held, and finding what the window lacks.

use std::time::Duration;

use rad_core::ids::{TaskId, TenantId};

use super::{Lane, Window, WindowError, number, words};

/// A lease that was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reclaimed {
    /// The task.
    pub task: TaskId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its worker died; otherwise the hard deadline had passed.
    pub died: bool,
}

/// One step of the reaper.
#[derive(Debug)]
pub struct Reaped {
    /// What was taken back.
    pub tasks: Vec<Reclaimed>,
    /// There may be more.
    pub more: bool,
}

/// One step of the reconciler.
#[derive(Debug)]
pub struct Audit {
    /// Hosts that had work but no place, and have one again.
    pub mended: i64,
    /// Lanes with nothing in the window.
    pub empty: Vec<Lane>,
}

/// Counts of the whole window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Tasks in the hands of workers.
    pub leased: i64,
    /// Hosts that wait for their clock.
    pub cooling: i64,
    /// Hosts that could be contacted now.
    pub offered: i64,
    /// Tenants that could be served now.
    pub tenants: i64,
    /// Incarnations with a heartbeat.
    pub workers: i64,
    /// Lanes that wait for the feeder.
    pub refills: i64,
}

impl Window {
    /// Returns up to `most` leases of dead workers and of tasks past their hard deadline.
    pub async fn reap(&self, most: usize) -> Result<Reaped, WindowError> {
        let answer = self
            .call(
                "reap",
                |scripts| &scripts.reap,
                |call| {
                    call.arg(most);
                },
            )
            .await?;
        let mut words = words("reap", &answer)?.peekable();
        let more = number("reap", &answer, &mut words)? == 1;
        let mut tasks = Vec::new();
        while words.peek().is_some() {
            let mut next = || number("reap", &answer, &mut words);
            tasks.push(Reclaimed { task: TaskId(next()?), tenant: TenantId(next()?), died: next()? == 1 });
        }
        Ok(Reaped { tasks, more })
    }

    /// Which of these lanes, all with open rows in the ledger, are empty here; mends lost host places. `deep`
    /// also names lanes that take themselves for complete, since a push to them may have been lost.
    pub async fn audit(&self, lanes: &[Lane], deep: bool) -> Result<Audit, WindowError> {
        let answer = self
            .call(
                "audit",
                |scripts| &scripts.audit,
                |call| {
                    call.arg(i32::from(deep));
                    for lane in lanes {
                        call.arg(lane.tenant.0).arg(lane.host.0);
                    }
                },
            )
            .await?;
        let mut words = words("audit", &answer)?;
        let mended = number("audit", &answer, &mut words)?;
        let empty = words
            .filter_map(|word| word.parse::<usize>().ok())
            .filter_map(|index| lanes.get(index).copied())
            .collect();
        Ok(Audit { mended, empty })
    }

    /// Counts of the window.
    pub async fn stats(&self) -> Result<Stats, WindowError> {
        self.survey().await.map(|(stats, _)| stats)
    }

    /// Counts of the window, and how long the oldest host that could be contacted now waits for a claim; none when
    /// no host does. The age is that of a sample: the hosts of the hundred tenants that are served next.
    pub async fn survey(&self) -> Result<(Stats, Option<Duration>), WindowError> {
        let answer = self.call("stats", |scripts| &scripts.stats, |_| {}).await?;
        let mut words = words("stats", &answer)?;
        let mut next = || number("stats", &answer, &mut words);
        let stats = Stats {
            leased: next()?,
            cooling: next()?,
            offered: next()?,
            tenants: next()?,
            workers: next()?,
            refills: next()?,
        };
        Ok((stats, u64::try_from(next()?).ok().map(Duration::from_millis)))
    }
}
