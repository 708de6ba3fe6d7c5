//! robots.txt: found, absent, unreachable, redirected, too long.

use rad_core::retry::{FailureClass, RetryAfter};

use super::*;
use crate::fetch::{RobotsFetch, RobotsQuest};

const RULES: &str = "User-agent: *\nDisallow: /private\n";

async fn robots(server: &Server) -> RobotsFetch {
    let fetcher =
        Fetcher::new(FetchConfig { robots_timeout: Duration::from_secs(3), ..config("127.0.0.0/8") });
    fetcher.unwrap().robots(RobotsQuest::of(&server.url("/").host_key()), Duration::ZERO).await
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
    let outcome = fetcher.robots(RobotsQuest::of(&silent.url("/").host_key()), Duration::ZERO).await;
    assert_eq!(outcome, RobotsFetch::Unreachable { failure });
}

#[tokio::test]
async fn a_file_that_another_host_keeps_is_handed_back_and_read_there_when_told_so() {
    let other = Server::start_at("127.0.0.2", |_| Reply::ok("", RULES)).await;
    let target = other.url("/shared/robots.txt");
    let location = target.as_str().to_owned();
    let server = Server::start(move |_| Reply::redirect(&location)).await;
    let RobotsFetch::Elsewhere(quest) = robots(&server).await else { panic!("not elsewhere") };
    assert_eq!(quest.url, target);
    assert_eq!(other.requests().len(), 0, "it has a clock of its own");
    let found = local_fetcher().robots(quest, Duration::ZERO).await;
    assert_eq!(found, RobotsFetch::Found(RULES.into()));
}

#[tokio::test]
async fn redirects_are_counted_over_all_hosts_and_paused_between_within_one() {
    let server = Server::start(|path| match path {
        "/robots.txt" => Reply::redirect("/a"),
        _ => Reply::ok("", RULES),
    })
    .await;
    let pause = Duration::from_millis(150);
    let started = std::time::Instant::now();
    let quest = RobotsQuest::of(&server.url("/").host_key());
    assert_eq!(local_fetcher().robots(quest, pause).await, RobotsFetch::Found(RULES.into()));
    assert!(started.elapsed() >= pause);

    let others = ["127.0.0.1", "127.0.0.2"];
    let (a, b) = (
        std::net::TcpListener::bind((others[0], 0)).unwrap(),
        std::net::TcpListener::bind((others[1], 0)).unwrap(),
    );
    let (to_a, to_b) = (a.local_addr().unwrap(), b.local_addr().unwrap());
    drop((a, b));
    let one = Server::start_on(to_a, move |_| Reply::redirect(&format!("http://{to_b}/robots.txt"))).await;
    let _other = Server::start_on(to_b, move |_| Reply::redirect(&format!("http://{to_a}/robots.txt"))).await;
    let mut quest = RobotsQuest::of(&one.url("/").host_key());
    for _ in 0..5 {
        let RobotsFetch::Elsewhere(next) = local_fetcher().robots(quest, Duration::ZERO).await else {
            panic!("ended early")
        };
        quest = next;
    }
    let end = local_fetcher().robots(quest, Duration::ZERO).await;
    assert_eq!(end, RobotsFetch::AllowAll { status: 302 }, "the sixth redirect is one too many");
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
