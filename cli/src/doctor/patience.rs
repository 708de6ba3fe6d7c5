//! How long a check may take.

use std::time::Duration;

use tokio::time::timeout;

/// A store on another continent answers within a second; what takes longer than this is broken for a fleet, whose
/// every claim and commit waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is said of a server that took longer.
pub(super) fn silence() -> String {
    format!("no answer within {} s", PATIENCE.as_secs())
}

/// The answer, or none when it did not come in time.
pub(super) async fn answer<T>(asking: impl Future<Output = T>) -> Option<T> {
    timeout(PATIENCE, asking).await.ok()
}
