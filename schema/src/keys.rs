//! The names of all Redis keys that Rust uses; the prelude of the scripts has those that only they use.
//!
//! Every key of a shard carries the shard's hash tag, so that all that must be atomic lies in one slot of a
//! Redis Cluster. Names are made of numbers only, never of a client's string.

use rad_core::ids::{Hash128, HostId};

use crate::layout::ShardPlace;
use crate::queue::Queue;

/// Tag of the only shard, and of what is not divided.
pub(crate) const FIRST_TAG: &str = "q0";
/// Slots of a Redis Cluster.
const SLOTS: u16 = 16_384;

/// Which of `count` shards a host lives in; `shard_of_host` in SQL is the same.
pub fn shard_of(host: HostId, count: u32) -> u32 {
    // A multiplicative hash: numbers given out one after another fall evenly.
    let hash = ((host.0.unsigned_abs() & 0x7fff_ffff) * 2_654_435_761) & 0xffff_ffff;
    let middle = u32::try_from(hash >> 16).expect("16 bits are left");
    middle % count.max(1)
}

/// Which of `count` shards has the lock of a resource that is no URL.
pub fn shard_of_name(name: Hash128, count: u32) -> u32 {
    u32::try_from(name.0 % u128::from(count.max(1))).expect("smaller than the count")
}

/// A tag for each of `count` shards. `owners` are the servers by their slots: shard after shard gets a tag whose slot
/// the next server has, because names taken at random fall unevenly.
pub(crate) fn tags(count: u32, owners: &[impl Fn(u16) -> bool]) -> Vec<String> {
    if count <= 1 || owners.is_empty() {
        return (0..count.max(1)).map(|index| format!("q{index}")).collect();
    }
    let fits = |index: u32, tag: &str| owners[index as usize % owners.len()](slot(tag.as_bytes()));
    (0..count)
        .map(|index| {
            // A server with one slot of all is met within so many names, nearly certainly; else any name will do.
            let names = (0..16 * u32::from(SLOTS)).map(|attempt| match attempt {
                0 => format!("q{index}"),
                n => format!("q{index}.{n}"),
            });
            names.into_iter().find(|tag| fits(index, tag)).unwrap_or_else(|| format!("q{index}"))
        })
        .collect()
}

/// The key names of one dispatch shard.
#[derive(Clone, Debug)]
pub struct ShardKeys {
    place: ShardPlace,
    queue: Queue,
}

impl ShardKeys {
    /// Keys of a shard for the crawl queue.
    pub fn new(place: ShardPlace) -> Self {
        Self { place, queue: Queue::Crawl }
    }

    /// Which shard.
    pub fn place(&self) -> &ShardPlace {
        &self.place
    }

    /// Whether the host lives in this shard.
    pub fn holds(&self, host: HostId) -> bool {
        shard_of(host, self.place.count) == self.place.index
    }

    /// The keys of another queue in the same shard: one slot, so one connection serves both.
    #[must_use]
    pub fn of(&self, queue: Queue) -> Self {
        Self { place: self.place.clone(), queue }
    }

    /// What the names of all keys begin with. The scripts take it from the name of their first key.
    fn prefix(&self) -> String {
        match self.queue {
            Queue::Crawl => format!("{{{}}}:", self.place.tag),
            Queue::Tasks => format!("{{{}}}:{}:", self.place.tag, self.queue.name()),
        }
    }

    /// The queue that the keys are of.
    pub fn queue(&self) -> Queue {
        self.queue
    }

    /// The slot of all these keys in a Redis Cluster.
    pub(crate) fn slot(&self) -> u16 {
        slot(self.place.tag.as_bytes())
    }

    /// Hash of what outlives generations: generation, `run_id`, fence counter. First key of every script.
    pub fn meta(&self) -> String {
        format!("{}meta", self.prefix())
    }

    /// List that idle workers block on; one token wakes one of them.
    pub fn wake(&self) -> String {
        format!("{}wake", self.prefix())
    }

    /// List that the feeder blocks on.
    pub fn feed(&self) -> String {
        format!("{}feed", self.prefix())
    }

    /// Set of the tasks that an incarnation holds.
    pub fn held(&self, generation: i64, incarnation: i64) -> String {
        format!("{}g{generation}:W:{incarnation}", self.prefix())
    }

    /// Lanes below low water, by the time they asked.
    pub fn refill(&self, generation: i64) -> String {
        format!("{}g{generation}:refill", self.prefix())
    }

    /// Hash of lanes whose ledger has rows beyond the window.
    pub fn more(&self, generation: i64) -> String {
        format!("{}g{generation}:more", self.prefix())
    }

    /// Pattern of all keys of this shard, for removing old generations.
    pub fn all(&self) -> String {
        format!("{}g*", self.prefix())
    }

    /// Whether `key` belongs to a generation before `generation`.
    pub fn is_older(&self, key: &str, generation: i64) -> bool {
        key.strip_prefix(&format!("{}g", self.prefix()))
            .and_then(|rest| rest.split_once(':'))
            .and_then(|(number, _)| number.parse::<i64>().ok())
            .is_some_and(|of_key| of_key < generation)
    }
}

/// CRC16/XMODEM modulo the number of slots, as the Redis Cluster specification has it.
fn slot(tag: &[u8]) -> u16 {
    let crc = tag.iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        assert_eq!(slot(b"123456789"), 0x31C3 % SLOTS);
        assert_eq!(slot(b"foo"), 12_182);
    }

    #[test]
    fn shards_take_turns_on_the_servers() {
        let thirds: Vec<_> = (0..3_u16).map(|third| move |slot: u16| slot / 5_462 == third).collect();
        for count in [2, 3, 5, 16] {
            let tags = tags(count, &thirds);
            for (index, tag) in (0..).zip(&tags) {
                assert!(thirds[index % 3](slot(tag.as_bytes())), "{tag} of {count}");
            }
            let distinct: std::collections::HashSet<_> = tags.iter().collect();
            assert_eq!(distinct.len(), tags.len());
        }
        assert_eq!(tags(1, &thirds), ["q0"]);
        assert_eq!(tags(2, &[] as &[fn(u16) -> bool]), ["q0", "q1"]);
    }

    #[test]
    fn hosts_fall_evenly_on_the_shards_and_always_on_the_same() {
        for count in [2, 3, 7] {
            let mut held = vec![0; count as usize];
            for host in 1..=10_000 {
                held[shard_of(HostId(host), count) as usize] += 1;
            }
            let fair = 10_000 / count;
            assert!(held.iter().all(|n| (fair * 9 / 10..=fair * 11 / 10).contains(n)), "{held:?}");
        }
        // Pinned: the ledger's hosts must not move with a new build.
        assert_eq!([1, 2, 3, 1 << 40].map(|host| shard_of(HostId(host), 3)), [0, 2, 0, 0]);
    }

    #[test]
    fn queues_of_a_shard_share_its_slot_and_no_key() {
        let crawl = ShardKeys::new(ShardPlace::only());
        let tasks = crawl.of(Queue::Tasks);
        assert_eq!((tasks.meta().as_str(), tasks.slot()), ("{q0}:tasks:meta", crawl.slot()));
        assert!(!crawl.is_older(&tasks.refill(1), 2) && !tasks.is_older(&crawl.refill(1), 2));
        assert!(tasks.is_older(&tasks.refill(1), 2));
    }

    #[test]
    fn keys_of_older_generations_are_told_apart() {
        let keys = ShardKeys::new(ShardPlace::only());
        assert!(keys.is_older("{q0}:g9:refill", 10));
        assert!(!keys.is_older("{q0}:g10:refill", 10));
        assert!(!keys.is_older("{q0}:meta", 10));
    }
}
