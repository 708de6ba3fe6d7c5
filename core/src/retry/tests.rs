use std::time::UNIX_EPOCH;

use super::*;

const NOW: SystemTime = UNIX_EPOCH;

fn status(code: u16) -> FailureClass {
    FailureClass::Status { code, retry_after: None }
}

fn status_after(code: u16, seconds: u64) -> FailureClass {
    FailureClass::Status { code, retry_after: Some(RetryAfter::Seconds(seconds)) }
}

fn wait_of(failure: FailureClass, attempt: u32, jitter: f64) -> Duration {
    match RetryPolicy::default().next(failure, attempt, jitter, NOW) {
        Next::RetryAfter { wait, .. } => wait,
        other @ Next::GiveUp { .. } => panic!("{failure:?} gave up: {other:?}"),
    }
}

#[test]
fn every_class_has_its_verdict_and_its_fate() {
    for (failure, verdict, retryable) in [
        (FailureClass::Dns, Verdict::Dns, true),
        (FailureClass::Connect, Verdict::Connect, true),
        (FailureClass::Timeout, Verdict::Timeout, true),
        (FailureClass::Protocol, Verdict::Protocol, true),
        (FailureClass::RobotsUnreachable, Verdict::RobotsUnreachable, true),
        (FailureClass::Tls, Verdict::Tls, false),
        (FailureClass::Forbidden, Verdict::TargetForbidden, false),
        (FailureClass::TooManyRedirects, Verdict::TooManyRedirects, false),
        (FailureClass::TooLarge, Verdict::TooLarge, false),
        (FailureClass::DecompressionBomb, Verdict::DecompressionBomb, false),
        (FailureClass::HeadersTooLarge, Verdict::HeadersTooLarge, false),
        (FailureClass::UnsupportedEncoding, Verdict::UnsupportedEncoding, false),
        (FailureClass::UnsupportedType, Verdict::UnsupportedType, false),
        (status(400), Verdict::Http4xx, false),
        (status(404), Verdict::Http4xx, false),
        (status(410), Verdict::Http4xx, false),
        (status(408), Verdict::Http4xx, true),
        (status(425), Verdict::Http4xx, true),
        (status(429), Verdict::Http4xx, true),
        (status(500), Verdict::Http5xx, true),
        (status(503), Verdict::Http5xx, true),
        (status(599), Verdict::Http5xx, true),
        (status(304), Verdict::Protocol, false),
        (status(999), Verdict::Protocol, false),
    ] {
        assert_eq!(failure.verdict(), verdict, "{failure:?}");
        let next = RetryPolicy::default().next(failure, 1, 0.5, NOW);
        assert_eq!(matches!(next, Next::RetryAfter { .. }), retryable, "{failure:?}");
    }
}

#[test]
fn the_wait_grows_fourfold_and_jitter_takes_at_most_half_of_it() {
    for (attempt, seconds) in [(1, 4), (2, 16), (3, 64)] {
        let longest = Duration::from_secs(seconds);
        assert_eq!(wait_of(FailureClass::Timeout, attempt, 1.0), longest);
        assert_eq!(wait_of(FailureClass::Timeout, attempt, 0.0), longest / 2);
    }
}

#[test]
fn the_wait_is_capped_however_many_attempts_there_were() {
    let patient = RetryPolicy { max_attempts: u32::MAX, ..RetryPolicy::default() };
    for attempt in [5, 16, 100, u32::MAX - 1] {
        let next = patient.next(FailureClass::Dns, attempt, 1.0, NOW);
        let wait = Duration::from_mins(5);
        assert_eq!(next, Next::RetryAfter { wait, host_pushback: None }, "{attempt}");
    }
}

#[test]
fn jitter_out_of_range_is_taken_as_its_nearest_bound() {
    for (jitter, seconds) in [(-3.0, 2), (7.0, 4), (f64::NAN, 2), (f64::INFINITY, 4)] {
        assert_eq!(wait_of(FailureClass::Dns, 1, jitter), Duration::from_secs(seconds), "{jitter}");
    }
}

#[test]
fn the_last_attempt_gives_up_with_the_class_verdict() {
    let verdict = Verdict::Timeout;
    assert_eq!(
        RetryPolicy::default().next(FailureClass::Timeout, 4, 0.5, NOW),
        Next::GiveUp { verdict, host_pushback: None }
    );
}

#[test]
fn overload_pushes_the_host_back_by_what_it_asked_for() {
    for code in [429, 503] {
        assert_eq!(
            RetryPolicy::default().next(status_after(code, 120), 1, 1.0, NOW),
            Next::RetryAfter { wait: Duration::from_mins(2), host_pushback: Some(Duration::from_mins(2)) }
        );
    }
}

#[test]
fn overload_without_retry_after_pushes_the_host_back_by_the_backoff() {
    assert_eq!(
        RetryPolicy::default().next(status(429), 2, 1.0, NOW),
        Next::RetryAfter { wait: Duration::from_secs(16), host_pushback: Some(Duration::from_secs(16)) }
    );
}

#[test]
fn a_short_retry_after_does_not_shorten_the_wait_of_the_task() {
    assert_eq!(
        RetryPolicy::default().next(status_after(503, 1), 2, 1.0, NOW),
        Next::RetryAfter { wait: Duration::from_secs(16), host_pushback: Some(Duration::from_secs(1)) }
    );
}

#[test]
fn a_host_can_ask_for_an_hour_at_most_and_by_date_too() {
    let hour = Duration::from_hours(1);
    let late = RetryAfter::At(NOW + Duration::from_hours(48));
    let by_date = FailureClass::Status { code: 503, retry_after: Some(late) };
    for failure in [status_after(503, u64::MAX), by_date] {
        assert_eq!(
            RetryPolicy::default().next(failure, 1, 0.5, NOW),
            Next::RetryAfter { wait: hour, host_pushback: Some(hour) }
        );
    }
}

#[test]
fn the_host_is_pushed_back_even_when_the_task_gives_up() {
    assert_eq!(
        RetryPolicy::default().next(status_after(429, 60), 4, 0.5, NOW),
        Next::GiveUp { verdict: Verdict::Http4xx, host_pushback: Some(Duration::from_mins(1)) }
    );
}

#[test]
fn other_server_errors_do_not_push_the_host_back() {
    assert_eq!(
        RetryPolicy::default().next(status_after(500, 600), 1, 1.0, NOW),
        Next::RetryAfter { wait: Duration::from_secs(4), host_pushback: None }
    );
}

#[test]
fn a_503_that_names_no_time_may_be_one_broken_page() {
    assert_eq!(
        RetryPolicy::default().next(status(503), 1, 1.0, NOW),
        Next::RetryAfter { wait: Duration::from_secs(4), host_pushback: None }
    );
}
