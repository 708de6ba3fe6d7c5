//! The runtime of a process, from its first task to its exit code.

use std::fmt::Display;
use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Runtime;

/// Longest wait at the end for threads that don't come back: a parser that never ends, a look-up of a name.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// Runs `work` on all cores. Its error becomes a line of the log and a failure.
pub fn run<E: Display>(work: impl Future<Output = Result<(), E>>) -> ExitCode {
    let ended = match Runtime::new() {
        Ok(runtime) => {
            let ended = runtime.block_on(work).map_err(|error| format!("{error:#}"));
            runtime.shutdown_timeout(LAST_THREADS);
            ended
        }
        Err(error) => Err(format!("the system has no threads for the runtime: {error}")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(ended: Result<(), &str>) -> String {
        format!("{:?}", run(std::future::ready(ended)))
    }

    #[test]
    fn an_error_is_a_failure() {
        assert_eq!(code(Ok(())), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(code(Err("no")), format!("{:?}", ExitCode::FAILURE));
    }

    #[test]
    fn a_thread_that_never_comes_back_does_not_keep_the_process() {
        let ended = run(async {
            let (entered, enters) = tokio::sync::oneshot::channel();
            tokio::task::spawn_blocking(move || {
                let _ = entered.send(());
                loop {
                    std::thread::park();
                }
            });
            enters.await
        });
        assert_eq!(format!("{ended:?}"), format!("{:?}", ExitCode::SUCCESS));
    }
}
