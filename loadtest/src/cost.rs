//! Processor time of a crawl, by process and by stage: what stays comparable when others use the machine as well.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::time::Duration;

use serde::Serialize;

/// The kernel counts in hundredths of a second whatever its own clock does (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// Milliseconds of processor time for each stored page.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// All processes together.
    pub all: f64,
    /// By kind of process; `web` serves the synthetic site and watches the crawl. Given stores are not seen.
    pub processes: BTreeMap<&'static str, f64>,
    /// Of the workers, by stage; `other` is what belongs to none: runtime, connections, allocator, kernel.
    pub stages: BTreeMap<String, f64>,
}

/// Processor time so far by kind of process: of this process and all below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spent(BTreeMap<&'static str, Duration>);

/// What `/proc/PID/stat` says of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stat {
    name: String,
    parent: u32,
    own: Duration,
    /// Of children that have ended.
    ended: Duration,
}

impl Spent {
    /// Reads `/proc`; nothing where there is none.
    pub(crate) fn now() -> Self {
        Self::of(std::process::id(), &running())
    }

    fn of(root: u32, all: &HashMap<u32, Stat>) -> Self {
        let mut spent = BTreeMap::new();
        if let Some(own) = all.get(&root) {
            // What ended below this process ended before or after the crawl.
            spent.insert("web", own.own);
        }
        for (pid, stat) in all.iter().filter(|(pid, _)| **pid != root && is_below(root, **pid, all)) {
            if let Some(kind) = kind(*pid, all, root) {
                *spent.entry(kind).or_default() += stat.own + stat.ended;
            }
        }
        Self(spent)
    }

    /// For each of `pages`, what was spent since `before`; `stages` is the workers' own count in seconds.
    pub(crate) fn since(&self, before: &Self, pages: i64, stages: &BTreeMap<String, f64>) -> Cost {
        let pages = f64::from(i32::try_from(pages.max(1)).unwrap_or(i32::MAX));
        let a_page = |seconds: f64| (seconds * 1e6 / pages).round() / 1e3;
        let passed = |(kind, spent): (&&'static str, &Duration)| {
            let before = before.0.get(kind).copied().unwrap_or_default();
            (*kind, a_page(spent.saturating_sub(before).as_secs_f64()))
        };
        let processes: BTreeMap<_, _> = self.0.iter().map(passed).collect();
        let mut stages: BTreeMap<_, _> =
            stages.iter().map(|(stage, seconds)| (stage.clone(), a_page(*seconds))).collect();
        let known: f64 = stages.values().sum();
        if let Some(worker) = processes.get("worker") {
            stages.insert("other".to_owned(), ((worker - known) * 1e3).round() / 1e3);
        }
        Cost { all: (processes.values().sum::<f64>() * 1e3).round() / 1e3, processes, stages }
    }

    /// What Postgres has taken since `before`.
    pub(crate) fn postgres_since(&self, before: &Self) -> Duration {
        let of = |spent: &Self| spent.0.get("postgres").copied().unwrap_or_default();
        of(self).saturating_sub(of(before))
    }
}

/// The largest memory that any worker below this process ever had, in MB.
pub(crate) fn worker_peak_mb() -> f64 {
    let (root, all) = (std::process::id(), running());
    let workers =
        all.keys().filter(|pid| is_below(root, **pid, &all) && kind(**pid, &all, root) == Some("worker"));
    let peak =
        workers.filter_map(|pid| peak_kb(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)).max();
    (f64::from(peak.unwrap_or(0)) / 102.4).round() / 10.0
}

fn peak_kb(status: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

fn kind(pid: u32, all: &HashMap<u32, Stat>, root: u32) -> Option<&'static str> {
    let stat = all.get(&pid)?;
    match stat.name.as_str() {
        "rad-worker" => Some("worker"),
        "rad-scheduler" => Some("scheduler"),
        name if name.starts_with("postgres") => Some("postgres"),
        name if name.starts_with("redis") => Some("redis"),
        // A server's child may carry a name of its own.
        _ if stat.parent != root => kind(stat.parent, all, root),
        _ => None,
    }
}

fn is_below(root: u32, pid: u32, all: &HashMap<u32, Stat>) -> bool {
    let parents =
        std::iter::successors(Some(pid), |pid| Some(all.get(pid)?.parent).filter(|parent| *parent > 1));
    parents.skip(1).any(|parent| parent == root)
}

fn running() -> HashMap<u32, Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    // One that ends meanwhile is counted by its parent from then on.
    pids.filter_map(|pid| Some((pid, Stat::read(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?)))
        .collect()
}

impl Stat {
    /// Fields 2, 4 and 14 to 17 of proc(5).
    fn read(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once('(')?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let fields: Vec<_> = rest.split(' ').collect();
        let ticks = |at: usize| Some(TICK * fields.get(at)?.parse::<u32>().ok()?);
        Some(Self {
            name: name.to_owned(),
            parent: fields.get(1)?.parse().ok()?,
            own: ticks(11)? + ticks(12)?,
            ended: ticks(13)? + ticks(14)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(name: &str, parent: u32, own: u64, ended: u64) -> Stat {
        let (own, ended) = (Duration::from_millis(own), Duration::from_millis(ended));
        Stat { name: name.to_owned(), parent, own, ended }
    }

    #[test]
    fn a_line_of_proc_is_read_whatever_the_name_has_in_it() {
        let line = "77 (a (b) c) S 12 77 77 0 -1 4194304 1 2 3 4 150 50 7 3 20 0";
        assert_eq!(Stat::read(line), Some(stat("a (b) c", 12, 2_000, 100)));
        assert_eq!(Stat::read("77 (a) S"), None);
    }

    #[test]
    fn the_tree_below_counts_by_kind_and_strangers_do_not() {
        let all = HashMap::from([
            (5, stat("rad-loadtest", 1, 400, 9_000)),
            (6, stat("postgres", 5, 10, 20)),
            (7, stat("postgres", 6, 300, 0)),
            (8, stat("rad-worker", 5, 100, 0)),
            (9, stat("rad-worker", 5, 100, 0)),
            (10, stat("rad-worker", 1, 5_000, 0)),
            (11, stat("io worker 1", 6, 70, 0)),
        ]);
        let ms = |ms| Duration::from_millis(ms);
        let expected = BTreeMap::from([("postgres", ms(400)), ("web", ms(400)), ("worker", ms(200))]);
        assert_eq!(Spent::of(5, &all), Spent(expected));
    }

    #[test]
    fn cost_is_what_was_spent_between_for_each_page() {
        let spent = |worker, web| {
            Spent(BTreeMap::from([
                ("worker", Duration::from_millis(worker)),
                ("web", Duration::from_millis(web)),
            ]))
        };
        let stages = BTreeMap::from([("commit".to_owned(), 0.025)]);
        let cost = spent(1_100, 50).since(&spent(100, 0), 100, &stages);
        assert_eq!(cost.processes, BTreeMap::from([("worker", 10.0), ("web", 0.5)]));
        assert_eq!(cost.stages, BTreeMap::from([("commit".to_owned(), 0.25), ("other".to_owned(), 9.75)]));
        assert!((cost.all - 10.5).abs() < 1e-9);
    }

    #[test]
    fn the_peak_is_that_of_the_status_file() {
        assert_eq!(peak_kb("VmPeak:\t  9 kB\nVmHWM:\t  153600 kB\nVmRSS:\t 5 kB\n"), Some(153_600));
        assert_eq!(peak_kb("Name: x\n"), None);
    }
}
