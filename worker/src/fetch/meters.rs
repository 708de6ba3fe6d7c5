//! What the fetcher counts: requests, their answers and times, and what went wrong.

use std::time::Instant;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use rad_core::metrics::fetch::{
    FETCH_BYTES, FETCH_DURATION, FETCH_ERRORS, FETCH_IN_FLIGHT, FETCHES, POLITENESS_WAIT,
};
use rad_core::retry::FailureClass;
use reqwest::{Response, StatusCode, Version};

/// Handles of the series whose labels are fixed, looked up once.
#[derive(Debug)]
pub(super) struct Meters {
    pub(super) in_flight: Gauge,
    pub(super) bytes_in: Counter,
    ttfb: Histogram,
    body: Histogram,
    total: Histogram,
    /// Pauses between the hops of a redirect.
    pub(super) politeness_wait: Histogram,
}

impl Meters {
    pub(super) fn new() -> Self {
        let phase = |phase: &'static str| histogram!(FETCH_DURATION, "phase" => phase);
        Self {
            in_flight: gauge!(FETCH_IN_FLIGHT),
            bytes_in: counter!(FETCH_BYTES, "direction" => "in"),
            ttfb: phase("ttfb"),
            body: phase("body"),
            total: phase("total"),
            politeness_wait: histogram!(POLITENESS_WAIT),
        }
    }

    /// A request for a page begins.
    pub(super) fn begin(&self) -> Phases<'_> {
        Phases { meters: self, begun: Instant::now(), answered: None }
    }
}

/// Times one request for a page. It counts as a whole also when it fails or is given up.
pub(super) struct Phases<'a> {
    meters: &'a Meters,
    begun: Instant,
    answered: Option<Instant>,
}

impl Phases<'_> {
    /// The headers are there.
    pub(super) fn answered(&mut self) {
        self.meters.ttfb.record(self.begun.elapsed());
        self.answered = Some(Instant::now());
    }

    /// So is the body.
    pub(super) fn read(&self) {
        if let Some(answered) = self.answered {
            self.meters.body.record(answered.elapsed());
        }
    }
}

impl Drop for Phases<'_> {
    fn drop(&mut self) {
        self.meters.total.record(self.begun.elapsed());
    }
}

/// A host answered.
pub(super) fn answered(response: &Response) {
    let status = response.status();
    let cache = if status == StatusCode::NOT_MODIFIED { "revalidated" } else { "miss" };
    counter!(
        FETCHES,
        "status_class" => status_class(status),
        "protocol" => protocol(response.version()),
        "cache" => cache
    )
    .increment(1);
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "http/1.0",
        Version::HTTP_11 => "http/1.1",
        Version::HTTP_2 => "http/2",
        _ => "other",
    }
}

/// A fetch brought no page.
pub(crate) fn failed(failure: FailureClass) {
    counter!(FETCH_ERRORS, "class" => class(failure)).increment(1);
}

/// A page was fetched and can't be read.
pub(crate) fn unreadable() {
    counter!(FETCH_ERRORS, "class" => "parse").increment(1);
}

fn class(failure: FailureClass) -> &'static str {
    match failure {
        FailureClass::Dns => "dns",
        FailureClass::Connect => "connect",
        FailureClass::Tls => "tls",
        FailureClass::Timeout => "timeout",
        FailureClass::Forbidden => "blocked",
        FailureClass::TooManyRedirects => "redirects",
        FailureClass::TooLarge | FailureClass::DecompressionBomb => "too_large",
        FailureClass::UnsupportedEncoding => "encoding",
        FailureClass::UnsupportedType => "type",
        FailureClass::RobotsUnreachable => "robots",
        FailureClass::Status { code: 400..=499, .. } => "http_4xx",
        FailureClass::Status { code: 500..=599, .. } => "http_5xx",
        FailureClass::Protocol | FailureClass::HeadersTooLarge | FailureClass::Status { .. } => "protocol",
    }
}

#[cfg(test)]
mod tests {
    use rad_core::metrics::Role;
    use rad_schema::process::metrics::isolated;

    use super::*;

    #[test]
    fn every_failure_has_a_class_that_the_registry_knows() {
        let status = |code| FailureClass::Status { code, retry_after: None };
        let failures = [
            FailureClass::Dns,
            FailureClass::Connect,
            FailureClass::Tls,
            FailureClass::Timeout,
            FailureClass::Protocol,
            FailureClass::Forbidden,
            FailureClass::TooManyRedirects,
            FailureClass::TooLarge,
            FailureClass::DecompressionBomb,
            FailureClass::HeadersTooLarge,
            FailureClass::UnsupportedEncoding,
            FailureClass::UnsupportedType,
            FailureClass::RobotsUnreachable,
            status(404),
            status(503),
            status(999),
        ];
        let text = isolated(Role::Worker).render();
        for failure in failures {
            let line = format!("rad_fetch_errors_total{{class=\"{}\"}} 0\n", class(failure));
            assert!(text.contains(&line), "{line} in {text}");
        }
    }

    #[test]
    fn a_request_that_is_given_up_counts_as_a_whole() {
        let recorded = isolated(Role::Worker);
        recorded.run(|| {
            let meters = Meters::new();
            meters.begin().answered();
        });
        let text = recorded.render();
        for (phase, count) in [("ttfb", 1), ("body", 0), ("total", 1)] {
            let line = format!("rad_fetch_duration_seconds_count{{phase=\"{phase}\"}} {count}\n");
            assert!(text.contains(&line), "{line} in {text}");
        }
    }
}
