//! Taking back what the dead held, and finding what the window lacks.

use std::time::Duration;

use rad_core::ids::{Fence, Incarnation, TaskId, TenantId};

use super::{Lane, Window, WindowError, number, words};

/// A lease that was taken back though nobody died: its hard deadline had passed, or its worker said goodbye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reclaimed {
    /// The task.
    pub task: TaskId,
    /// Whose it is.
    pub tenant: TenantId,
}

/// A lease of an incarnation that died. It stands until it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLease {
    /// The task.
    pub task: TaskId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who died with it in hand.
    pub worker: Incarnation,
    /// The token it was claimed with.
    pub fence: Fence,
}

/// Where the task of a dead worker goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// To its lane with its old rank.
    Back,
    /// The same, and from now on it is claimed alone.
    Alone,
    /// Nowhere: it has ended.
    Gone,
}

/// One step of the reaper.
#[derive(Debug)]
pub struct Reaped {
    /// What was taken back.
    pub returned: Vec<Reclaimed>,
    /// What dead workers hold: to be judged in the next step, when their deaths are counted.
    pub dead: Vec<DeadLease>,
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

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Self::Back => "back",
            Self::Alone => "alone",
            Self::Gone => "gone",
        }
    }
}

impl Window {
    /// Ends the `judged` leases; takes back, or names, up to `most` that have passed their deadline, were left at a
    /// goodbye, or are held by the dead. Judging twice does no harm.
    pub async fn reap(&self, judged: &[(DeadLease, Fate)], most: usize) -> Result<Reaped, WindowError> {
        let answer = self
            .call(
                "reap",
                |scripts| &scripts.reap,
                |call| {
                    call.arg(most);
                    for (lease, fate) in judged {
                        call.arg(lease.task.0).arg(lease.fence.counter).arg(fate.word());
                    }
                },
            )
            .await?;
        let mut words = words("reap", &answer)?.peekable();
        let mut next = || number("reap", &answer, &mut words);
        let (more, count) = (next()? == 1, next()?);
        let returned = (0..count)
            .map(|_| Ok(Reclaimed { task: TaskId(next()?), tenant: TenantId(next()?) }))
            .collect::<Result<_, WindowError>>()?;
        let mut dead = Vec::new();
        while words.peek().is_some() {
            let mut next = || number("reap", &answer, &mut words);
            let (task, tenant) = (TaskId(next()?), TenantId(next()?));
            let worker = Incarnation(next()?);
            let fence = Fence { generation: self.generation, counter: next()? };
            dead.push(DeadLease { task, tenant, worker, fence });
        }
        Ok(Reaped { returned, dead, more })
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
