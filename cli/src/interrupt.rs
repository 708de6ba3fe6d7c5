//! Ctrl-C and SIGTERM: the first asks to end in order, the second ends at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What the person at the terminal asked for.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    /// End in order.
    pub(crate) first: CancellationToken,
    /// End at once.
    pub(crate) second: CancellationToken,
}

impl Interrupt {
    /// Takes the signals over.
    pub(crate) fn listen() -> io::Result<Self> {
        let interrupt = Self { first: CancellationToken::new(), second: CancellationToken::new() };
        let mut typed = signal(SignalKind::interrupt())?;
        let mut asked = signal(SignalKind::terminate())?;
        let tokens = interrupt.clone();
        tokio::spawn(async move {
            for token in [tokens.first, tokens.second] {
                tokio::select! {
                    _ = typed.recv() => {}
                    _ = asked.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(interrupt)
    }
}
