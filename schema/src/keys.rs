//! The names of all Redis keys that Rust uses; the prelude of the scripts has those that only they use.
//!
//! Every key of a shard carries the shard's hash tag, so that all that must be atomic lies in one slot of a
//! Redis Cluster. Names are made of numbers only, never of a client's string.

use crate::queue::Queue;

/// Slots of a Redis Cluster.
const SLOTS: u32 = 16_384;

/// The key names of one dispatch shard.
#[derive(Clone, Debug)]
pub struct ShardKeys {
    tag: String,
    queue: Queue,
}

impl ShardKeys {
    /// Keys of shard `index` of `count` for the crawl queue. The tag is chosen so that its slot lies in the shard's
    /// equal part of all slots: names taken at random fall unevenly on the masters.
    pub fn new(index: u32, count: u32) -> Self {
        let first = u64::from(index) * u64::from(SLOTS) / u64::from(count);
        let end = u64::from(index + 1) * u64::from(SLOTS) / u64::from(count);
        let tag = (0..=u32::MAX)
            .map(|attempt| match attempt {
                0 => format!("q{index}"),
                n => format!("q{index}.{n}"),
            })
            .find(|tag| (first..end).contains(&u64::from(slot(tag.as_bytes()))))
            .expect("some of all numbers falls into any part of the slots");
        Self { tag, queue: Queue::Crawl }
    }

    /// The keys of another queue in the same shard: one slot, so one connection serves both.
    #[must_use]
    pub fn of(&self, queue: Queue) -> Self {
        Self { tag: self.tag.clone(), queue }
    }

    /// What the names of all keys begin with. The scripts take it from the name of their first key.
    fn prefix(&self) -> String {
        match self.queue {
            Queue::Crawl => format!("{{{}}}:", self.tag),
            Queue::Tasks => format!("{{{}}}:{}:", self.tag, self.queue.name()),
        }
    }

    /// The queue that the keys are of.
    pub fn queue(&self) -> Queue {
        self.queue
    }

    /// The slot of all these keys in a Redis Cluster.
    pub(crate) fn slot(&self) -> u16 {
        u16::try_from(slot(self.tag.as_bytes())).expect("there are fewer slots than 2^16")
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
fn slot(tag: &[u8]) -> u32 {
    let crc = tag.iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    });
    u32::from(crc) % SLOTS
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
    fn every_shard_lies_in_its_own_part_of_the_slots() {
        for count in [1, 2, 3, 5, 16] {
            for index in 0..count {
                let keys = ShardKeys::new(index, count);
                assert_eq!(slot(keys.tag.as_bytes()) * count / SLOTS, index, "{index} of {count}");
            }
        }
    }

    #[test]
    fn queues_of_a_shard_share_its_slot_and_no_key() {
        let crawl = ShardKeys::new(0, 1);
        let tasks = crawl.of(Queue::Tasks);
        assert_eq!((tasks.meta().as_str(), tasks.slot()), ("{q0}:tasks:meta", crawl.slot()));
        assert!(!crawl.is_older(&tasks.refill(1), 2) && !tasks.is_older(&crawl.refill(1), 2));
        assert!(tasks.is_older(&tasks.refill(1), 2));
    }

    #[test]
    fn keys_of_older_generations_are_told_apart() {
        let keys = ShardKeys::new(0, 1);
        assert!(keys.is_older("{q0}:g9:refill", 10));
        assert!(!keys.is_older("{q0}:g10:refill", 10));
        assert!(!keys.is_older("{q0}:meta", 10));
    }
}
