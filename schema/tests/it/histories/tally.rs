//! What happened in histories, by kind.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    kinds: BTreeMap<&'static str, u64>,
}

impl Tally {
    pub(crate) fn add(&mut self, kind: &'static str) {
        self.add_many(kind, 1);
    }

    pub(crate) fn add_many(&mut self, kind: &'static str, many: usize) {
        *self.kinds.entry(kind).or_default() += many as u64;
    }

    pub(crate) fn of(&self, kind: &str) -> u64 {
        self.kinds.get(kind).copied().unwrap_or(0)
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (kind, many) in &other.kinds {
            *self.kinds.entry(kind).or_default() += many;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.kinds.iter().map(|(kind, many)| format!("{kind} {many}")).collect();
        f.write_str(&kinds.join(", "))
    }
}
