//! The baseline: plain Redis commands through the same driver, on the same server, in the same run.

use rad_schema::bench::Meter;
use rad_schema::window::WindowError;
use serde::Serialize;
use tokio::task::JoinSet;

use super::QueueError;
use super::bench::Bench;
use super::options::Sizes;
use super::statistics::{count, per, whole};

/// What plain commands bring.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Baseline {
    /// Pairs of LPUSH and RPOP of one item, each waited for.
    pub push_pop_per_s: f64,
    /// The same for each processor second of the server.
    pub push_pop_per_core_s: f64,
    /// Calls of a script that does nothing, by EVALSHA.
    pub evalsha_per_s: f64,
    /// The same for each processor second of the server.
    pub evalsha_per_core_s: f64,
    /// Microseconds inside the server for such a call.
    pub evalsha_server_us: f64,
}

#[derive(Clone, Copy)]
enum Plain {
    PushPop,
    Script,
}

impl Plain {
    async fn call(self, meter: &Meter, item: u64) -> Result<(), WindowError> {
        match self {
            Self::PushPop => {
                meter.push(item).await?;
                meter.pop().await.map(drop)
            }
            Self::Script => meter.least_script().await,
        }
    }
}

pub(super) async fn measure(bench: &mut Bench, sizes: &Sizes) -> Result<Baseline, QueueError> {
    bench.tell("plain commands, for comparison");
    bench.fresh().await?;
    // The first calls open and load what later ones find.
    repeat(bench, sizes.plain_calls / 20, sizes.workers, Plain::Script).await?;
    let calls = sizes.plain_calls;
    let (pairs, pushed) = bench.metered(repeat(bench, calls, sizes.workers, Plain::PushPop)).await?;
    let (scripts, evaluated) = bench.metered(repeat(bench, calls, sizes.workers, Plain::Script)).await?;
    Ok(Baseline {
        push_pop_per_s: per(pairs, pushed.seconds),
        push_pop_per_core_s: per(pairs, pushed.cpu_seconds),
        evalsha_per_s: per(scripts, evaluated.seconds),
        evalsha_per_core_s: per(scripts, evaluated.cpu_seconds),
        evalsha_server_us: per(whole(evaluated.script_us), scripts),
    })
}

/// Makes `calls` calls by as many callers as there are workers. Returns how many were made.
async fn repeat(bench: &Bench, calls: usize, callers: usize, plain: Plain) -> Result<f64, QueueError> {
    let each = calls.div_ceil(callers);
    let mut running = JoinSet::new();
    for meter in bench.meters().iter().cycle().take(callers) {
        let meter = meter.clone();
        running.spawn(async move {
            for item in 0..each as u64 {
                plain.call(&meter, item).await?;
            }
            Ok::<_, WindowError>(())
        });
    }
    for done in running.join_all().await {
        done?;
    }
    Ok(count(each * callers))
}
