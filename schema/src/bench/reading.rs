//! A Redis server's own account of its work at one moment.

use std::collections::{BTreeMap, HashMap};

/// Calls of one command and the time that the server spent on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// How often it ran.
    pub calls: u64,
    /// Microseconds inside the command; for a script, all that it called.
    pub usec: u64,
}

/// What `INFO ALL` said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// By command, those inside scripts too.
    pub commands: BTreeMap<String, Calls>,
    /// Processor seconds of the process, with its background threads.
    pub cpu_seconds: f64,
    /// Bytes allocated, without the buffers of clients and of the append-only file, which pass.
    pub data_bytes: i64,
    /// Bytes in the append-only file; it shrinks when it is rewritten.
    pub log_bytes: i64,
    /// Clients that block on a list.
    pub blocked_clients: u64,
    /// A child rewrites the append-only file.
    pub rewrites: bool,
    /// The server's version.
    pub version: String,
}

impl Reading {
    /// Reads the lines of `INFO ALL`; what is missing counts as nothing.
    pub fn parse(info: &str) -> Self {
        let fields: HashMap<_, _> = info.lines().filter_map(|line| line.trim().split_once(':')).collect();
        let number = |name: &str| fields.get(name).and_then(|value| value.parse::<i64>().ok()).unwrap_or(0);
        let seconds =
            |name: &str| fields.get(name).and_then(|value| value.parse::<f64>().ok()).unwrap_or(0.0);
        let passing = ["mem_clients_normal", "mem_clients_slaves", "mem_aof_buffer"];
        Self {
            commands: fields
                .iter()
                .filter_map(|(name, value)| Some((name.strip_prefix("cmdstat_")?.to_owned(), calls(value))))
                .collect(),
            cpu_seconds: seconds("used_cpu_user") + seconds("used_cpu_sys"),
            data_bytes: number("used_memory") - passing.into_iter().map(number).sum::<i64>(),
            log_bytes: number("aof_current_size"),
            blocked_clients: number("blocked_clients").unsigned_abs(),
            rewrites: number("aof_rewrite_in_progress") + number("aof_rewrite_scheduled") > 0,
            version: fields.get("redis_version").map_or_else(String::new, |&version| version.to_owned()),
        }
    }

    /// Calls of scripts since `before`.
    pub fn scripts_since(&self, before: &Self) -> Calls {
        let all = |reading: &Self| {
            let of = |name: &str| reading.commands.get(name).copied().unwrap_or_default();
            let (by_hash, by_text) = (of("evalsha"), of("eval"));
            Calls { calls: by_hash.calls + by_text.calls, usec: by_hash.usec + by_text.usec }
        };
        let (now, then) = (all(self), all(before));
        Calls { calls: now.calls - then.calls, usec: now.usec - then.usec }
    }
}

fn calls(value: &str) -> Calls {
    let fields: HashMap<_, _> = value.split(',').filter_map(|field| field.split_once('=')).collect();
    let number = |name: &str| fields.get(name).and_then(|value| value.parse().ok()).unwrap_or(0);
    Calls { calls: number("calls"), usec: number("usec") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "# Server\r\nredis_version:7.0.15\r\nused_memory:1000\r\nmem_clients_normal:100\r\n\
        mem_aof_buffer:50\r\nused_cpu_sys:0.25\r\nused_cpu_user:1.5\r\nblocked_clients:2\r\naof_current_size:77\r\n\
        aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:1\r\n\
        cmdstat_evalsha:calls=10,usec=500,usec_per_call=50.00,rejected_calls=0,failed_calls=0\r\n\
        cmdstat_eval:calls=1,usec=70,usec_per_call=70.00,rejected_calls=0,failed_calls=0\r\n";

    #[test]
    fn a_reading_leaves_out_buffers_that_pass() {
        let reading = Reading::parse(INFO);
        assert_eq!((reading.data_bytes, reading.version.as_str()), (850, "7.0.15"));
        assert_eq!((reading.blocked_clients, reading.rewrites, reading.log_bytes), (2, true, 77));
        assert!((reading.cpu_seconds - 1.75).abs() < 1e-9);
    }

    #[test]
    fn scripts_are_counted_however_they_were_sent() {
        let later = Reading::parse(&INFO.replace("calls=10,usec=500", "calls=13,usec=650"));
        assert_eq!(later.scripts_since(&Reading::parse(INFO)), Calls { calls: 3, usec: 150 });
        assert_eq!(later.scripts_since(&Reading::default()), Calls { calls: 14, usec: 720 });
    }
}
