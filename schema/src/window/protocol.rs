//! The number of the language that processes and the dispatch window speak, and finding out who speaks another.

use redis::AsyncCommands;

use super::{Dispatch, Window, WindowError};
use crate::fleet::Shard;

/// Number of the key layout and of the scripts' arguments and answers. Processes that differ in it must not share
/// a window: the leader rebuilds one of another number, and workers leave it alone.
pub const PROTOCOL: u32 = 4;

/// What stands in Redis about its window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The generation that it was opened for.
    pub generation: i64,
    /// The server's name for itself when it was opened.
    pub run_id: String,
    /// The protocol that it speaks; 0 where none stands.
    pub protocol: u32,
}

/// Whether the window in Redis can be worked with.
pub enum Attached {
    /// It is the one that Postgres names.
    Open(Window),
    /// It is empty, of another generation, or on another server: the leader will open one.
    Closed,
    /// It is open, but speaks another protocol than this process.
    Foreign {
        /// The number that it has.
        protocol: u32,
    },
}

impl Dispatch {
    /// What the window in Redis was opened for; none when it is empty.
    pub async fn opened(&self) -> Result<Option<Opened>, WindowError> {
        let (generation, run_id, protocol): (Option<i64>, Option<String>, Option<u32>) = self
            .connection
            .clone()
            .hmget(self.keys.meta(), &["gen", "run_id", "protocol"])
            .await
            .map_err(|source| WindowError::Redis { script: "meta", source })?;
        let known = generation.zip(run_id);
        Ok(known.map(|(generation, run_id)| Opened { generation, run_id, protocol: protocol.unwrap_or(0) }))
    }

    /// The window that Postgres names as `shard`, if Redis has it and speaks our protocol.
    pub async fn attach(&self, shard: &Shard) -> Result<Attached, WindowError> {
        let Some(opened) = self.opened().await? else { return Ok(Attached::Closed) };
        let named = opened.generation == shard.generation && opened.run_id == shard.run_id;
        // Redis itself is asked who it is: a window that came back from an old snapshot is not open.
        if !named || self.run_id().await? != shard.run_id {
            return Ok(Attached::Closed);
        }
        Ok(match opened.protocol {
            PROTOCOL => Attached::Open(self.window(shard.generation)),
            protocol => Attached::Foreign { protocol },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use sha2::{Digest as _, Sha256};

    use super::PROTOCOL;

    /// The protocol, and the hash of all Lua files that speak it.
    const PINNED: (u32, &str) = (4, "32aa1c868e1a5a6e");

    #[test]
    fn whoever_changes_a_script_decides_about_the_protocol() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lua");
        let files = std::fs::read_dir(folder).unwrap();
        let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        let mut all = Sha256::new();
        for path in paths {
            all.update(path.file_name().unwrap().as_encoded_bytes());
            all.update(std::fs::read(path).unwrap());
        }
        let hash = format!("{:016x}", u64::from_be_bytes(all.finalize()[..8].try_into().unwrap()));
        assert_eq!(
            (PROTOCOL, hash.as_str()),
            PINNED,
            "\nThe Lua scripts or the protocol have changed. May a process with the old scripts work on a window \
             together with one that has the new ones? If not (another key, argument, answer or meaning), raise \
             PROTOCOL in schema/src/window/protocol.rs: the next leader then rebuilds the window, and workers of \
             the other version wait. If yes (a comment, speed), leave it. In both cases bring PINNED up to date."
        );
    }
}
