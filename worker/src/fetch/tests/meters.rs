use rad_core::metrics::Role;
use rad_schema::process::metrics::isolated;
use tokio::runtime::Builder;

use super::*;
use crate::fetch::RobotsQuest;

/// What a scrape shows after `work`, which is done on one thread: the one that records.
fn after<F: Future<Output = ()>>(work: impl FnOnce() -> F) -> String {
    let recorded = isolated(Role::Worker);
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    recorded.run(|| runtime.block_on(work()));
    recorded.render()
}

fn assert_lines(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(&format!("{line}\n")), "{line} in {text}");
    }
}

#[test]
fn every_request_is_counted_by_its_answer_and_its_times() {
    let text = after(|| async {
        let server = Server::start(|path| match path {
            "/" => Reply::redirect("/page"),
            "/page" => html("<p>hello</p>"),
            _ => Reply::status("404 Not Found", "", ""),
        })
        .await;
        let fetcher = local_fetcher();
        let always = |_: &CanonicalUrl| true;
        let none = Conditional::default();
        fetcher
            .get(&server.url("/"), &none, Duration::from_millis(20), &Cookies::default(), &always)
            .await
            .unwrap();
        fetcher
            .get(&server.url("/gone"), &none, Duration::ZERO, &Cookies::default(), &always)
            .await
            .unwrap_err();
        fetcher.robots(RobotsQuest::of(&server.url("/").host_key()), Duration::ZERO).await;
    });
    assert_lines(
        &text,
        &[
            r#"rad_fetches_total{status_class="2xx",protocol="http/1.1",cache="miss"} 1"#,
            r#"rad_fetches_total{status_class="3xx",protocol="http/1.1",cache="miss"} 1"#,
            r#"rad_fetches_total{status_class="4xx",protocol="http/1.1",cache="miss"} 2"#,
            r#"rad_fetch_duration_seconds_count{phase="ttfb"} 3"#,
            r#"rad_fetch_duration_seconds_count{phase="body"} 1"#,
            r#"rad_fetch_duration_seconds_count{phase="total"} 3"#,
            r#"rad_fetch_bytes_total{direction="in"} 12"#,
            r#"rad_fetch_errors_total{class="http_4xx"} 1"#,
            "rad_politeness_wait_seconds_count 1",
            "rad_politeness_violations_total 0",
            "rad_fetch_in_flight 0",
        ],
    );
}

#[test]
fn pages_that_come_too_soon_after_one_another_are_violations() {
    let text = after(|| async {
        let server = Server::start(|_| html("<p>hello</p>")).await;
        let fetcher = local_fetcher();
        fetcher.expect_pace(&server.url("/").host_key(), Some(Duration::from_mins(1)));
        for _ in 0..3 {
            let none = Conditional::default();
            fetcher
                .get(&server.url("/"), &none, Duration::ZERO, &Cookies::default(), &|_| true)
                .await
                .unwrap();
        }
    });
    assert_lines(&text, &["rad_politeness_violations_total 2"]);
}

#[test]
fn a_robots_file_that_can_not_be_read_is_an_error_of_its_own_class() {
    let text = after(|| async {
        let server = Server::start(|_| Reply::status("503 Service Unavailable", "", "")).await;
        local_fetcher().robots(RobotsQuest::of(&server.url("/").host_key()), Duration::ZERO).await;
    });
    assert_lines(
        &text,
        &[r#"rad_fetch_errors_total{class="robots"} 1"#, r#"rad_fetch_errors_total{class="http_5xx"} 0"#],
    );
}
