//! From the links of a page to new rows of the ledger: scope, known links, numbers of hosts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use metrics::counter;
use rad_core::ids::HostId;
use rad_core::metrics::tasks::DEDUPE_CHECKS;
use rad_core::scope::{OutOfScope, Scope};
use rad_core::url::{CanonicalUrl, HostKey};
use rad_schema::commit::{Excluded, Link};
use rad_schema::db::{Db, DbError};
use rad_schema::ledger::Hydrated;

use crate::seen::SeenLinks;

/// Numbers remembered; more hosts than this in one crawl are interned again now and then.
const MOST_HOSTS: usize = 50_000;
/// URLs of left-out links that a page contributes to its crawl's sample.
const SAMPLES: usize = 3;

/// Numbers of hosts. They never change, so they may be remembered for ever.
#[derive(Default)]
pub(crate) struct HostNumbers {
    numbers: Mutex<HashMap<HostKey, HostId>>,
}

impl HostNumbers {
    async fn of(&self, db: &Db, keys: Vec<HostKey>) -> Result<HashMap<HostKey, HostId>, DbError> {
        let (mut known, unknown) = self.known(keys);
        if !unknown.is_empty() {
            let new = db.intern_hosts(&unknown).await?;
            let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
            if numbers.len() >= MOST_HOSTS {
                numbers.clear();
            }
            numbers.extend(new.clone());
            known.extend(new);
        }
        Ok(known)
    }

    fn known(&self, keys: Vec<HostKey>) -> (HashMap<HostKey, HostId>, Vec<HostKey>) {
        let numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut known, mut unknown) = (HashMap::new(), Vec::new());
        for key in keys {
            match numbers.get(&key) {
                Some(number) => {
                    known.insert(key, *number);
                }
                None if unknown.contains(&key) => {}
                None => unknown.push(key),
            }
        }
        (known, unknown)
    }
}

/// The links of a page that its crawl may not know yet, and the count of those that the scope leaves out.
pub(crate) async fn select(
    db: &Db,
    hosts: &HostNumbers,
    seen: &SeenLinks,
    task: &Hydrated,
    found: &[CanonicalUrl],
) -> Result<(Vec<Link>, Excluded), DbError> {
    let (fresh, excluded) = in_scope(seen, task, found);
    let mut keys: Vec<_> = fresh.iter().map(|(_, url)| url.host_key()).collect();
    keys.sort_unstable();
    keys.dedup();
    let numbers = hosts.of(db, keys).await?;
    let depth = task.depth.saturating_add(1);
    let links = fresh
        .into_iter()
        .filter_map(|(position, url)| {
            let host = *numbers.get(&url.host_key())?;
            Some(Link::new(task.job, url, host, depth, task.priority, position))
        })
        .collect();
    Ok((links, excluded))
}

fn in_scope<'a>(
    seen: &SeenLinks,
    task: &Hydrated,
    found: &'a [CanonicalUrl],
) -> (Vec<(usize, &'a CanonicalUrl)>, Excluded) {
    let mut excluded = Excluded::default();
    let scope: Scope = serde_json::from_value(task.scope.clone()).unwrap_or_default();
    let Ok(start) = CanonicalUrl::parse(&task.start_url) else { return (Vec::new(), excluded) };
    let depth = task.depth.saturating_add(1);
    let (mut fresh, mut cached) = (Vec::new(), 0);
    for (position, url) in found.iter().enumerate() {
        match scope.admits(&start, url, depth) {
            Ok(()) if seen.contains(task.job, url.hash()) => cached += 1,
            Ok(()) => fresh.push((position, url)),
            Err(reason) => {
                match reason {
                    OutOfScope::OtherHost => excluded.host += 1,
                    OutOfScope::OutsidePath => excluded.path += 1,
                    OutOfScope::TooDeep => excluded.depth += 1,
                }
                if excluded.samples.len() < SAMPLES {
                    excluded.samples.push(url.as_str().to_owned());
                }
            }
        }
    }
    counter!(DEDUPE_CHECKS, "result" => "cache").increment(cached);
    (fresh, excluded)
}
