//! Where the processes of a fleet serve their metrics.

use super::Fleet;
use crate::client::ApiError;

/// Every process of the machine needs a port of its own; they say which they got.
pub(super) fn listen() -> (String, String) {
    ("RAD_METRICS_LISTEN".to_owned(), "127.0.0.1:0".to_owned())
}

/// The URL in a scheduler's line `metrics http://ADDR`.
pub(super) fn announced(line: &str) -> Option<String> {
    line.strip_prefix("metrics ").filter(|url| url.starts_with("http://")).map(str::to_owned)
}

impl Fleet {
    /// `http://ADDR` of the metrics of each scheduler, killed ones included.
    pub fn metrics_urls(&self) -> Vec<String> {
        self.schedulers.iter().map(|scheduler| scheduler.metrics.clone()).collect()
    }

    /// `http://ADDR` of the metrics of each worker that lives.
    pub async fn worker_metrics_urls(&self) -> Result<Vec<String>, ApiError> {
        let workers = self.operator().workers().await?.into_iter();
        let ours = workers.filter(|life| life.incarnation > self.before && life.state == "alive");
        Ok(ours.filter_map(|life| life.metrics_address).map(|address| format!("http://{address}")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_about_metrics_names_them() {
        assert_eq!(announced("metrics http://127.0.0.1:9"), Some("http://127.0.0.1:9".to_owned()));
        assert_eq!(announced("http://127.0.0.1:9"), None);
    }
}
