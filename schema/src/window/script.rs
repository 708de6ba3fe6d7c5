//! The Lua files, each behind the shared prelude, sent by their hash.

mod constants;

use std::sync::LazyLock;

use redis::Script;

use super::{Window, WindowError};
use crate::process::metrics::Timing;

/// Every script of a shard.
pub(super) struct Scripts {
    pub(super) audit: Script,
    pub(super) claim: Script,
    pub(super) claim_for: Script,
    pub(super) close: Script,
    pub(super) complete: Script,
    pub(super) extend: Script,
    pub(super) feed: Script,
    pub(super) heartbeat: Script,
    pub(super) init: Script,
    pub(super) leave: Script,
    pub(super) lock: Script,
    pub(super) nack: Script,
    pub(super) park: Script,
    pub(super) reap: Script,
    pub(super) rest: Script,
    /// Without the prelude: it runs where nothing may be written.
    pub(super) run_id: Script,
    pub(super) shares: Script,
    pub(super) stats: Script,
    pub(super) user_lock: Script,
}

macro_rules! script {
    ($($name:literal),+) => {
        Script::new(&constants::in_place(concat!(
            include_str!("../../lua/prelude.lua"),
            $(include_str!(concat!("../../lua/", $name, ".lua"))),+
        )))
    };
}

/// A script that moves hosts and tenants; the others are spared the functions for it.
macro_rules! moving {
    ($name:literal) => {
        script!("records", "moves", $name)
    };
}

// Constant text and its SHA-1: no state, so one copy serves the whole process.
pub(super) static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| Scripts {
    audit: moving!("audit"),
    claim: moving!("claim"),
    claim_for: moving!("claim_for"),
    close: script!("close"),
    complete: moving!("complete"),
    extend: script!("extend"),
    feed: moving!("feed"),
    heartbeat: script!("heartbeat"),
    init: script!("init"),
    leave: moving!("leave"),
    lock: script!("lock"),
    nack: moving!("nack"),
    park: moving!("park"),
    reap: moving!("reap"),
    rest: moving!("rest"),
    run_id: Script::new(include_str!("run_id.lua")),
    shares: moving!("shares"),
    stats: script!("stats"),
    user_lock: script!("user_lock"),
});

impl Window {
    /// Runs a script with the two leading arguments that all have.
    pub(super) async fn call(
        &self,
        name: &'static str,
        script: impl Fn(&'static Scripts) -> &'static Script,
        arguments: impl FnOnce(&mut redis::ScriptInvocation<'_>),
    ) -> Result<String, WindowError> {
        let mut invocation = script(self.scripts).prepare_invoke();
        invocation.key(self.keys.meta()).arg(self.generation);
        arguments(&mut invocation);
        let _timing = Timing::script(name);
        invocation
            .invoke_async(&mut self.connection.clone())
            .await
            .map_err(|source| WindowError::Redis { script: name, source })
    }
}
