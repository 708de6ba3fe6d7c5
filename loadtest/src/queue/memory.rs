//! Bytes of Redis for each URL that waits, and for a fleet's worth of full windows.

use std::collections::BTreeMap;

use rad_schema::window::WINDOW;
use serde::Serialize;

use super::QueueError;
use super::bench::Bench;
use super::layout::Layout;
use super::options::Sizes;
use super::statistics::{count, per};

/// URLs in a lane.
const LENGTHS: [usize; 3] = [100, 10, 1];

/// Hosts that a tenant has.
const HOSTS_OF_TENANT: usize = 100;

/// The memory test. All structures count: lanes, rotations, offers, terms, tenants.
#[derive(Clone, Debug, Serialize)]
pub struct Memory {
    /// By the number of URLs in a lane.
    pub bytes_per_waiting_url: BTreeMap<usize, f64>,
    /// Hosts with a full window.
    pub full_windows: usize,
    /// Bytes of all of them, whatever the ledger holds beyond.
    pub full_windows_bytes: i64,
}

pub(super) async fn measure(bench: &mut Bench, sizes: &Sizes) -> Result<Memory, QueueError> {
    let mut bytes_per_waiting_url = BTreeMap::new();
    for length in LENGTHS {
        bench.tell(&format!("memory: lanes of {length}"));
        let lanes = sizes.memory_urls / length;
        let bytes = bytes_of(bench, Layout::of(lanes, tenants(lanes), length)).await?;
        #[expect(clippy::cast_precision_loss, reason = "a server's memory is far below 2^52 bytes")]
        let bytes = bytes as f64;
        bytes_per_waiting_url.insert(length, per(bytes, count(lanes * length)));
    }
    bench.tell("memory: full windows");
    let lanes = sizes.full_windows;
    let full = Layout { more_every: 1, ..Layout::of(lanes, tenants(lanes), WINDOW) };
    Ok(Memory {
        bytes_per_waiting_url,
        full_windows: lanes,
        full_windows_bytes: bytes_of(bench, full).await?,
    })
}

fn tenants(lanes: usize) -> usize {
    lanes.div_ceil(HOSTS_OF_TENANT)
}

async fn bytes_of(bench: &mut Bench, layout: Layout) -> Result<i64, QueueError> {
    let windows = bench.fresh().await?;
    // The first feed loads the script.
    Layout { part: 1, ..Layout::of(1, 1, 1) }.fill(&windows).await?;
    let before = bench.calm().await?.data_bytes;
    let added = layout.fill(&windows).await?;
    if added != layout.tasks() {
        return Err(QueueError::Broken(format!("{added} of {} tasks were added", layout.tasks())));
    }
    Ok(bench.calm().await?.data_bytes - before)
}
