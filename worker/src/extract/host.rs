//! What repeats on the pages of a host: no single page can show that a block is navigation.
//!
//! A worker remembers for each host which short blocks its last pages had. A block that most of them have is
//! left out where the page alone leaves doubt (`content`), and nowhere else. The memory starts empty, so the
//! first pages of a host are read without it, and what was left out may come back after a restart: then the
//! chunks that held such a block change, and no other. That is why it decides doubtful blocks only.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// Hosts remembered; beyond these all are forgotten, which a crawl of so many hosts never notices.
const MAX_HOSTS: usize = 2_000;
/// Blocks remembered of a host.
const MAX_BLOCKS: usize = 2_000;
/// Pages of a host after which counts are halved, so that a new template is learned.
const MAX_PAGES: u32 = 400;
/// Pages that it takes to say that something repeats.
const MIN_PAGES: u32 = 12;
/// Longer blocks are not navigation, in bytes.
const MAX_BYTES: usize = 400;

/// The blocks of the hosts that a worker has read lately.
#[derive(Debug, Default)]
pub struct HostMemory {
    hosts: Mutex<HashMap<String, Host>>,
}

#[derive(Debug, Default)]
struct Host {
    pages: u32,
    /// Addresses counted, so that a page read again counts once.
    seen: HashSet<u64>,
    blocks: HashMap<u64, u32>,
}

/// The blocks that repeat on a host's pages.
#[derive(Clone, Debug, Default)]
pub(super) struct Repeats {
    blocks: HashSet<u64>,
}

impl HostMemory {
    /// What repeats on the pages of `host`, by what has been read of it so far.
    pub(super) fn repeats(&self, host: &str) -> Repeats {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(host) = hosts.get(host).filter(|host| host.pages >= MIN_PAGES) else {
            return Repeats::default();
        };
        let often = host.blocks.iter().filter(|(_, count)| **count * 3 >= host.pages * 2);
        Repeats { blocks: often.map(|(block, _)| *block).collect() }
    }

    /// Remembers the blocks of a page.
    pub(super) fn note<'a>(&self, host: &str, page: &str, blocks: impl Iterator<Item = &'a str>) {
        let blocks: HashSet<_> = blocks.filter(|text| text.len() <= MAX_BYTES).map(hash).collect();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS && !hosts.contains_key(host) {
            hosts.clear();
        }
        hosts.entry(host.to_owned()).or_default().note(hash(page), blocks);
    }
}

impl Host {
    fn note(&mut self, page: u64, blocks: HashSet<u64>) {
        if !self.seen.insert(page) {
            return;
        }
        self.pages += 1;
        for block in blocks {
            *self.blocks.entry(block).or_default() += 1;
        }
        if self.pages >= MAX_PAGES {
            self.pages /= 2;
            self.seen.clear();
            self.blocks.values_mut().for_each(|count| *count /= 2);
            self.blocks.retain(|_, count| *count > 0);
        }
        self.forget_rare();
    }

    /// Forgets the rarest blocks, which cannot repeat on most pages, until the others fit.
    fn forget_rare(&mut self) {
        let mut least = 1;
        while self.blocks.len() > MAX_BLOCKS {
            self.blocks.retain(|_, count| *count > least);
            least += 1;
        }
    }
}

impl Repeats {
    /// Whether a block repeats.
    pub(super) fn contains(&self, text: &str) -> bool {
        !self.blocks.is_empty() && self.blocks.contains(&hash(text))
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(memory: &HostMemory, pages: std::ops::Range<u32>) {
        for page in pages {
            let own = format!("text {page}");
            memory.note("a", &page.to_string(), ["menu", &own].into_iter());
        }
    }

    #[test]
    fn what_most_pages_have_repeats_and_what_few_have_does_not() {
        let memory = HostMemory::default();
        read(&memory, 0..MIN_PAGES - 1);
        assert!(!memory.repeats("a").contains("menu"), "too few pages");
        read(&memory, 0..MIN_PAGES - 1);
        assert!(!memory.repeats("a").contains("menu"), "the same pages again");
        read(&memory, 0..MIN_PAGES);
        let repeats = memory.repeats("a");
        assert!(repeats.contains("menu") && !repeats.contains("text 1"));
        assert!(!memory.repeats("b").contains("menu"));
    }

    #[test]
    fn the_memory_is_bounded_and_follows_a_new_template() {
        let memory = HostMemory::default();
        let many: Vec<_> = (0..3 * MAX_BLOCKS).map(|at| format!("block {at}")).collect();
        memory.note("a", "x", many.iter().map(String::as_str));
        read(&memory, 0..MAX_PAGES * 3);
        assert!(memory.repeats("a").contains("menu"));
        for page in 0..MAX_PAGES * 3 {
            memory.note("a", &format!("new {page}"), ["other menu"].into_iter());
        }
        let repeats = memory.repeats("a");
        assert!(repeats.contains("other menu") && !repeats.contains("menu"));
        let hosts = memory.hosts.lock().unwrap();
        assert!(hosts["a"].blocks.len() <= MAX_BLOCKS && hosts["a"].pages <= MAX_PAGES);
    }
}
