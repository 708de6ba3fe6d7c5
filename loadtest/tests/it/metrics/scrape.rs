//! What a process answers to Prometheus, understood.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use rad_core::metrics::{Kind, Metric};
use reqwest::Client;

/// The text of one or more processes.
#[derive(Default)]
pub(crate) struct Scrape {
    text: String,
    series: Vec<Series>,
}

struct Series {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// Asks the process that serves its metrics at `origin`.
pub(crate) async fn scrape(origin: &str) -> Result<Scrape> {
    // A fleet has installed a TLS provider by now; the processes speak none.
    let client = Client::builder().no_proxy().tls_certs_only([]).build()?;
    let response = client.get(format!("{origin}/metrics")).send().await?.error_for_status()?;
    let kind = response.headers().get("content-type").context("a scrape has a type")?.to_str()?.to_owned();
    ensure!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    Scrape::read(response.text().await?)
}

/// All processes together, as a sum over their series.
pub(crate) async fn scrape_all(origins: &[String]) -> Result<Scrape> {
    let mut all = Scrape::default();
    for origin in origins {
        let one = scrape(origin).await?;
        all.text.push_str(&one.text);
        all.series.extend(one.series);
    }
    Ok(all)
}

impl Scrape {
    fn read(text: String) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let series = lines.map(series).collect::<Result<_>>()?;
        Ok(Self { text, series })
    }

    /// Whether the metric is there with its kind and its help.
    pub(crate) fn describes(&self, metric: &Metric) -> bool {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let kind = format!("# TYPE {} {kind}\n", metric.name);
        self.text.contains(&kind) && self.text.contains(&format!("# HELP {} ", metric.name))
    }

    /// Whether the metric has the series; of a histogram, with all its buckets.
    pub(crate) fn has(&self, metric: &Metric, labels: &[(&str, &str)]) -> bool {
        let Kind::Histogram(buckets) = metric.kind else {
            return self.value(metric.name, labels).is_some();
        };
        let bucket = format!("{}_bucket", metric.name);
        let bounds = self.matching(&bucket, labels).count();
        let ends = ["_sum", "_count"].map(|end| format!("{}{end}", metric.name));
        // And the one without a bound.
        bounds == buckets.len() + 1 && ends.iter().all(|end| self.value(end, labels).is_some())
    }

    /// The value of the first series with these labels.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.matching(name, labels).next().map(|series| series.value)
    }

    /// The sum over all series with these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.matching(name, labels).map(|series| series.value).sum()
    }

    fn matching<'a>(&'a self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = &'a Series> {
        self.series.iter().filter(move |series| {
            let fits = |(name, value): &(&str, &str)| series.labels.get(*name).is_some_and(|of| of == value);
            series.name == name && labels.iter().all(fits)
        })
    }

    /// Has Prometheus' own tool judge names, kinds and help texts.
    pub(crate) fn judge_with_promtool(&self) -> Result<()> {
        let spawned = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut promtool = match spawned {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                eprintln!("SKIPPED: promtool is not installed (scripts/install-checkers.sh does it)");
                return Ok(());
            }
            spawned => spawned?,
        };
        promtool.stdin.take().context("standard input is a pipe")?.write_all(self.text.as_bytes())?;
        let judged = promtool.wait_with_output()?;
        ensure!(judged.status.success(), "promtool: {judged:?}");
        Ok(())
    }
}

/// A line such as `name{label="value"} 1`. Labels of rad hold no escapes.
fn series(line: &str) -> Result<Series> {
    let (series, value) = line.rsplit_once(' ').with_context(|| format!("no value: {line}"))?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let labels = labels.trim_end_matches('}').split("\",").filter_map(|label| label.split_once("=\""));
    let labels = labels.map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()));
    let value = value.parse().with_context(|| format!("no number: {line}"))?;
    Ok(Series { name: name.to_owned(), labels: labels.collect(), value })
}

#[test]
fn lines_are_read_with_their_labels() -> Result<()> {
    let text = "# TYPE a counter\na{b=\"c,d\",e=\"\"} 2\na{b=\"x\"} 3\nf 1e-3\n";
    let scrape = Scrape::read(text.to_owned())?;
    ensure!(
        scrape.value("a", &[("b", "c,d"), ("e", "")]) == Some(2.0) && scrape.value("f", &[]) == Some(0.001)
    );
    ensure!(scrape.sum("a", &[]).to_string() == "5" && scrape.value("a", &[("b", "y")]).is_none());
    Ok(())
}
