//! Where and with what was measured.

use serde::Serialize;

use super::QueueError;
use super::bench::Bench;

/// The machine and the programs under test.
#[derive(Clone, Debug, Serialize)]
pub struct Environment {
    /// The processor, as the system names it.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Version of Redis.
    pub redis: String,
    /// Version of Postgres.
    pub postgres: String,
    /// Of the working copy that it was called in; empty outside of one.
    pub commit: String,
    /// Whether the compiler optimised: figures of others say little.
    pub release: bool,
}

pub(super) async fn describe(bench: &Bench) -> Result<Environment, QueueError> {
    Ok(Environment {
        cpu: cpu(&std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        redis: bench.read().await?.version,
        postgres: rad_schema::bench::postgres_version(&bench.database_url()).await?,
        commit: commit().await,
        release: !cfg!(debug_assertions),
    })
}

fn cpu(info: &str) -> String {
    let names = info.lines().filter_map(|line| line.split_once(':'));
    let mut models = names.filter(|(name, _)| name.trim() == "model name");
    models.next().map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, model)| model.trim().to_owned())
}

async fn commit() -> String {
    let described =
        tokio::process::Command::new("git").args(["describe", "--always", "--dirty"]).output().await;
    match described {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_model_names_the_processor() {
        let info =
            "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nprocessor\t: 1\nmodel name\t: other\n";
        assert_eq!(cpu(info), "AMD EPYC");
        assert_eq!(cpu(""), std::env::consts::ARCH);
    }
}
