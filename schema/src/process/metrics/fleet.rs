//! The series of the whole fleet, which exactly one process may export: the leader.
//!
//! Each gathering gets a recorder of its own and replaces the one before. So a tenant that is gone, or all of it
//! when the leadership is, vanishes with the next scrape; a timeout on idle gauges would keep them for its length,
//! and would take the quiet gauges of the process itself with them.

use std::sync::{Arc, Mutex, PoisonError};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use rad_core::metrics::{Exporter, all};

use super::recorder;

/// Series that are there only while this process leads. Cheap to clone; all clones are the same.
#[derive(Clone, Default)]
pub struct FleetSeries {
    published: Arc<Mutex<Option<PrometheusHandle>>>,
}

impl FleetSeries {
    /// Replaces all series by those that `record` sets with the macros of the `metrics` crate.
    pub fn publish(&self, record: impl FnOnce()) {
        let recorder = PrometheusBuilder::new().build_recorder();
        for metric in all().filter(|metric| metric.exporter == Exporter::Leader) {
            recorder::describe(&recorder, metric);
        }
        metrics::with_local_recorder(&recorder, record);
        self.replace(Some(recorder.handle()));
    }

    /// Takes all series away: another process exports them now.
    pub fn withdraw(&self) {
        self.replace(None);
    }

    fn replace(&self, series: Option<PrometheusHandle>) {
        *self.published.lock().unwrap_or_else(PoisonError::into_inner) = series;
    }

    /// The series in the text format; empty when there are none.
    pub fn render(&self) -> String {
        let published = self.published.lock().unwrap_or_else(PoisonError::into_inner).clone();
        published.map_or_else(String::new, |series| series.render())
    }
}

impl std::fmt::Debug for FleetSeries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FleetSeries")
    }
}

#[cfg(test)]
mod tests {
    use metrics::gauge;
    use rad_core::metrics::fleet::{EVENTS_PENDING, TENANT_TASKS};

    use super::*;

    #[test]
    fn a_gathering_replaces_the_one_before_with_its_help() {
        let fleet = FleetSeries::default();
        fleet.publish(|| gauge!(TENANT_TASKS, "tenant" => "old", "state" => "open").set(1.0));
        fleet.publish(|| gauge!(TENANT_TASKS, "tenant" => "new", "state" => "open").set(2.0));
        let text = fleet.render();
        assert!(text.contains("# HELP rad_tenant_tasks Open tasks"), "{text}");
        assert!(text.contains("# TYPE rad_tenant_tasks gauge"), "{text}");
        assert!(text.contains(r#"rad_tenant_tasks{tenant="new",state="open"} 2"#), "{text}");
        assert!(!text.contains("old"), "{text}");
    }

    #[test]
    fn whoever_stops_leading_exports_nothing_of_the_fleet() {
        let fleet = FleetSeries::default();
        fleet.publish(|| gauge!(EVENTS_PENDING).set(7.0));
        assert!(fleet.render().contains("rad_events_pending 7"));
        fleet.withdraw();
        assert_eq!(fleet.render(), "");
    }
}
