//! The workers' own count of processor time by stage, from their metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use rad_core::metrics::fetch::STAGE_CPU;

use crate::fleet::Fleet;

/// A worker that does not answer by then is left out.
const ANSWERS: Duration = Duration::from_secs(5);

/// Seconds of all workers by stage; a worker that has ended is missing.
pub(super) async fn seconds(fleet: &Fleet) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    // A fleet has installed a TLS provider by now; the workers speak none.
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(ANSWERS).build();
    let (Ok(client), Ok(origins)) = (client, fleet.worker_metrics_urls().await) else { return all };
    for origin in origins {
        let Ok(answer) = client.get(format!("{origin}/metrics")).send().await else { continue };
        for (stage, seconds) in sums(&answer.text().await.unwrap_or_default()) {
            *all.entry(stage).or_default() += seconds;
        }
    }
    all
}

/// `rad_stage_cpu_seconds_sum{stage="fetch"} 1.5` as `fetch` and 1.5.
fn sums(text: &str) -> impl Iterator<Item = (String, f64)> {
    let start = format!("{STAGE_CPU}_sum{{stage=\"");
    text.lines().filter_map(move |line| {
        let (stage, seconds) = line.strip_prefix(&start)?.split_once("\"} ")?;
        Some((stage.to_owned(), seconds.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sums_of_stages_are_read() {
        let text = "# TYPE rad_stage_cpu_seconds histogram\nrad_stage_cpu_seconds_bucket{stage=\"fetch\",le=\"1\"} 4\n\
            rad_stage_cpu_seconds_sum{stage=\"fetch\"} 1.5\nrad_stage_cpu_seconds_count{stage=\"fetch\"} 4\n\
            rad_stage_cpu_seconds_sum{stage=\"chunk\"} 0\n";
        let expected = [("fetch".to_owned(), 1.5), ("chunk".to_owned(), 0.0)];
        assert_eq!(sums(text).collect::<Vec<_>>(), expected);
    }
}
