//! robots.txt: found, absent, unreachable, redirected, too long.

use rad_core::retry::{FailureClass, RetryAfter};

use super::*;
use crate::fetch::RobotsFetch;

const RULES: &str = "User-agent: *\nDisallow: /private\n";

async fn robots(server: &Server) -> RobotsFetch {
    let fetcher =
        Fetcher::new(FetchConfig { robots_timeout: Duration::from_secs(3), ..config("127.0.0.0/8") });
    fetcher.unwrap().robots(&server.url("/").host_key()).await
}

async fn robots_with_status(line: &'static str, headers: &'static str) -> RobotsFetch {
    let server = Server::start(move |_| Reply::status(line, headers, RULES)).await;
    robots(&server).await
}

#[tokio::test]
async fn the_file_is_asked_for_at_the_root_and_returned_whatever_its_type() {
    let server = Server::start(|_| Reply::ok("Content-Type: application/octet-stream\r\n", RULES)).await;
    assert_eq!(robots(&server).await, RobotsFetch::Found(RULES.into()));
    assert!(server.requests()[0].starts_with("GET /robots.txt HTTP/1.1"));
}

#[tokio::test]
async fn a_file_that_is_not_there_allows_all_even_if_the_answer_has_rules() {
    for (line, status) in [("404 Not Found", 404), ("403 Forbidden", 403), ("410 Gone", 410)] {
        assert_eq!(robots_with_status(line, "").await, RobotsFetch::AllowAll { status });
    }
}

#[tokio::test]
async fn server_errors_and_overload_make_it_unreachable() {
    let retry_after = Some(RetryAfter::Seconds(60));
    for (line, code) in [("500 Oops", 500), ("503 Busy", 503), ("429 Slow Down", 429)] {
        let failure = FailureClass::Status { code, retry_after };
        let fetched = robots_with_status(line, "Retry-After: 60\r\n").await;
        assert_eq!(fetched, RobotsFetch::Unreachable { failure });
    }
}

#[tokio::test]
async fn a_broken_or_silent_answer_makes_it_unreachable() {
    let broken =
        Server::start(|_| Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser".to_vec())).await;
    let failure = FailureClass::Protocol;
    assert_eq!(robots(&broken).await, RobotsFetch::Unreachable { failure });

    let silent = Server::start(|_| Reply::Stall(Vec::new())).await;
    let robots_timeout = Duration::from_millis(200);
    let fetcher = Fetcher::new(FetchConfig { robots_timeout, ..config("127.0.0.0/8") }).unwrap();
    let failure = FailureClass::Timeout;
    let outcome = fetcher.robots(&silent.url("/").host_key()).await;
    assert_eq!(outcome, RobotsFetch::Unreachable { failure });
}

#[tokio::test]
async fn redirects_are_followed_to_other_hosts() {
    let other = Server::start_at("127.0.0.2", |_| Reply::ok("", RULES)).await;
    let target = other.url("/shared/robots.txt").as_str().to_owned();
    let server = Server::start(move |_| Reply::redirect(&target)).await;
    assert_eq!(robots(&server).await, RobotsFetch::Found(RULES.into()));
}

#[tokio::test]
async fn five_redirects_are_followed_and_the_sixth_means_not_there() {
    for (redirects, expected) in
        [(5, RobotsFetch::Found(RULES.into())), (6, RobotsFetch::AllowAll { status: 302 })]
    {
        let server = Server::start(move |path| {
            let done: u32 = path.trim_start_matches('/').parse().unwrap_or(0);
            if done == redirects { Reply::ok("", RULES) } else { Reply::redirect(&format!("/{}", done + 1)) }
        })
        .await;
        assert_eq!(robots(&server).await, expected);
        assert_eq!(server.requests().len(), 6);
    }
}

#[tokio::test]
async fn only_the_first_500_kib_are_read() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let server = Server::start(move |_| Reply::Endless(head.clone(), RULES.repeat(1_000).into_bytes())).await;
    let RobotsFetch::Found(file) = robots(&server).await else {
        panic!("not found");
    };
    assert!(file.len() <= 500 * 1024 && file.len() > 499 * 1024, "{}", file.len());
    assert!(file.ends_with(b"\n"));
}
