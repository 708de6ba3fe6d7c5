//! Processor time of the stages of a page's life, thread by thread.
//!
//! Time by the clock says little where pages share cores: a stage that waits for its turn looks slow. The kernel's
//! count of a thread's own time tells which stage is worth making cheaper.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use metrics::histogram;
use nix::time::{ClockId, clock_gettime};
use rad_core::metrics::fetch::STAGE_CPU;

/// Runs `work` and counts what it takes of this thread.
pub(crate) fn counted<T>(stage: &'static str, work: impl FnOnce() -> T) -> T {
    let begun = of_thread();
    let done = work();
    record(stage, of_thread().saturating_sub(begun));
    done
}

/// Runs `future` and counts what its turns take of their threads. One that is dropped before its end is not counted.
pub(crate) async fn counted_turns<F: Future>(stage: &'static str, future: F) -> F::Output {
    let (mut future, mut taken) = (pin!(future), Duration::ZERO);
    let done = poll_fn(|context| {
        let begun = of_thread();
        let polled = future.as_mut().poll(context);
        taken += of_thread().saturating_sub(begun);
        polled
    })
    .await;
    record(stage, taken);
    done
}

fn record(stage: &'static str, taken: Duration) {
    histogram!(STAGE_CPU, "stage" => stage).record(taken);
}

/// Zero where the system does not count.
fn of_thread() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests {
    use rad_core::metrics::Role;
    use rad_schema::process::metrics::isolated;

    use super::*;

    fn seconds(stage: &str, work: impl FnOnce()) -> f64 {
        let recorded = isolated(Role::Worker);
        recorded.run(work);
        let sum = format!("rad_stage_cpu_seconds_sum{{stage=\"{stage}\"}} ");
        let text = recorded.render();
        text.lines().find_map(|line| line.strip_prefix(&sum)).unwrap().parse().unwrap()
    }

    fn compute() {
        let begun = of_thread();
        while of_thread().saturating_sub(begun) < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn work_counts_and_waiting_does_not() {
        assert!(seconds("chunk", || counted("chunk", compute)) >= 0.002);
        let waiting = || counted("chunk", || std::thread::sleep(Duration::from_millis(50)));
        assert!(seconds("chunk", waiting) < 0.05);
    }

    #[test]
    fn all_turns_of_a_future_count() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let turns = async {
            compute();
            tokio::task::yield_now().await;
            compute();
        };
        assert!(seconds("commit", || runtime.block_on(counted_turns("commit", turns))) >= 0.004);
    }
}
