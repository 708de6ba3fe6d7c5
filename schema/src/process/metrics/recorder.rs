//! Builds a recorder that has every metric of a kind of process from its start, described and at zero.

use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use rad_core::metrics::{Kind, Metric, Role, all};

use super::Exposition;

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// The recorder of a process of kind `role`.
pub(super) fn of(role: Role) -> PrometheusRecorder {
    let recorder = with_buckets().build_recorder();
    for metric in all().filter(|metric| metric.is_exported_by(role)) {
        describe(&recorder, metric);
        create(&recorder, metric);
    }
    recorder
}

/// Without buckets the exporter makes a summary of a histogram, which can't be added up over a fleet.
fn with_buckets() -> PrometheusBuilder {
    all().fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        Kind::Histogram(buckets) => builder
            .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)
            .expect("a test says that every histogram has buckets"),
        Kind::Counter | Kind::Gauge => builder,
    })
}

pub(super) fn describe(recorder: &PrometheusRecorder, metric: &Metric) {
    let (name, help) = (metric.name.into(), metric.help.into());
    match metric.kind {
        Kind::Counter => recorder.describe_counter(name, None, help),
        Kind::Gauge => recorder.describe_gauge(name, None, help),
        Kind::Histogram(_) => recorder.describe_histogram(name, None, help),
    }
}

fn create(recorder: &PrometheusRecorder, metric: &Metric) {
    for values in metric.known_series() {
        let labels: Vec<_> =
            metric.labels.iter().zip(values).map(|(label, value)| Label::new(label.name, value)).collect();
        let key = Key::from_parts(metric.name, labels);
        match metric.kind {
            Kind::Counter => drop(recorder.register_counter(&key, &METADATA)),
            Kind::Gauge => drop(recorder.register_gauge(&key, &METADATA)),
            Kind::Histogram(_) => drop(recorder.register_histogram(&key, &METADATA)),
        }
    }
}

/// A recorder that is not the process's, for tests of what some code records.
pub struct Isolated {
    recorder: PrometheusRecorder,
    exposition: Exposition,
}

/// A recorder like that of a process of kind `role`, but for one piece of code only.
pub fn isolated(role: Role) -> Isolated {
    let recorder = of(role);
    let exposition = Exposition::of(recorder.handle());
    Isolated { recorder, exposition }
}

impl Isolated {
    /// Runs `record`; what it records on this thread comes here.
    pub fn run<T>(&self, record: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&self.recorder, record)
    }

    #[cfg(test)]
    pub(super) fn handle(&self) -> metrics_exporter_prometheus::PrometheusHandle {
        self.recorder.handle()
    }

    /// What a scrape would show now.
    pub fn render(&self) -> String {
        self.run(|| {
            self.exposition.process.describe();
            self.exposition.render()
        })
    }
}
