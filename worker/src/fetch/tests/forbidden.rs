//! No packet leaves for an address that is not public: the kernel's accept queue is the witness.

use std::io::ErrorKind;
use std::net::TcpListener;

use rad_core::retry::FailureClass;
use rad_core::url::CanonicalUrl;

use super::*;
use crate::fetch::{Forbidden, RobotsFetch, RobotsQuest};

/// A socket that completes connections without anybody accepting them.
struct Sink(TcpListener);

impl Sink {
    fn open(ip: &str) -> Self {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    fn was_contacted(&self) -> bool {
        match self.0.accept() {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("accept failed: {error}"),
        }
    }
}

async fn refusal(fetcher: &Fetcher, url: &str) -> Forbidden {
    let url = CanonicalUrl::parse(url).unwrap();
    let error = fetcher
        .get(&url, &Conditional::default(), Duration::ZERO, &Cookies::default(), &|_| true)
        .await
        .unwrap_err();
    assert_eq!(error.failure(), FailureClass::Forbidden);
    assert!(!error.to_string().contains("127."), "{error}");
    match error {
        FetchError::Forbidden(why) => why,
        other => panic!("not forbidden: {other:?}"),
    }
}

#[tokio::test]
async fn loopback_is_never_contacted_without_allowance() {
    let sink = Sink::open("127.0.0.1");
    let port = sink.port();
    let fetcher = Fetcher::new(config("")).unwrap();
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1."] {
        let url = format!("http://{host}:{port}/");
        assert_eq!(refusal(&fetcher, &url).await, Forbidden::Address, "{url}");
        let url = CanonicalUrl::parse(&url).unwrap();
        let failure = FailureClass::Forbidden;
        let robots = fetcher.robots(RobotsQuest::of(&url.host_key()), Duration::ZERO).await;
        assert_eq!(robots, RobotsFetch::Unreachable { failure }, "{host}");
    }
    let url = format!("http://localhost:{port}/");
    assert_eq!(refusal(&fetcher, &url).await, Forbidden::Name);
    assert!(!sink.was_contacted());
}

#[tokio::test]
async fn a_name_that_resolves_outside_the_ranges_is_not_contacted() {
    let sink = Sink::open("127.0.0.1");
    let fetcher = Fetcher::new(config("10.0.0.0/8")).unwrap();
    let url = format!("http://localhost:{}/", sink.port());
    assert_eq!(refusal(&fetcher, &url).await, Forbidden::Address);
    assert!(!sink.was_contacted());
}

#[tokio::test]
async fn the_sink_does_notice_a_contact() {
    let sink = Sink::open("127.0.0.1");
    let first_byte_timeout = Duration::from_millis(200);
    let fetcher = Fetcher::new(FetchConfig { first_byte_timeout, ..config("127.0.0.0/8") }).unwrap();
    let url = CanonicalUrl::parse(&format!("http://127.0.0.1:{}/", sink.port())).unwrap();
    let error = fetcher
        .get(&url, &Conditional::default(), Duration::ZERO, &Cookies::default(), &|_| true)
        .await
        .unwrap_err();
    assert_eq!(error.failure(), FailureClass::Timeout);
    assert!(sink.was_contacted());
}

#[tokio::test]
async fn a_redirect_to_a_forbidden_target_ends_the_fetch() {
    let sink = Sink::open("127.0.0.2");
    let port = sink.port();
    let targets = [
        (format!("http://127.0.0.2:{port}/"), Forbidden::Address),
        (format!("http://[::ffff:127.0.0.2]:{port}/"), Forbidden::Address),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), Forbidden::Address),
        ("file:///etc/passwd".to_owned(), Forbidden::Scheme),
        ("http://public.example.com@127.0.0.2/".to_owned(), Forbidden::Userinfo),
    ];
    for (target, why) in targets {
        let location = target.clone();
        let server = Server::start(move |_| Reply::redirect(&location)).await;
        let fetcher = Fetcher::new(config("127.0.0.1/32")).unwrap();
        assert_eq!(refusal(&fetcher, server.url("/").as_str()).await, why, "{target}");
        let failure = FailureClass::Forbidden;
        let robots = fetcher.robots(RobotsQuest::of(&server.url("/").host_key()), Duration::ZERO).await;
        assert_eq!(robots, RobotsFetch::Unreachable { failure }, "{target}");
    }
    assert!(!sink.was_contacted());
}

#[tokio::test]
async fn a_private_name_is_fetched_if_all_its_addresses_are_listed() {
    let server = Server::start(|_| html("home")).await;
    let port = server.url("/").as_url().port().unwrap();
    let fetcher = Fetcher::new(config("127.0.0.0/8,::1/128")).unwrap();
    let url = CanonicalUrl::parse(&format!("http://localhost:{port}/")).unwrap();
    let outcome =
        fetcher.get(&url, &Conditional::default(), Duration::ZERO, &Cookies::default(), &|_| true).await;
    assert!(matches!(outcome, Ok(Fetched::Page(_))), "{outcome:?}");
}

/// Who could reach the network: the worker's sources without its tests.
fn sources(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.to_string_lossy().contains("/tests");
        if path.is_dir() && !is_test {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !is_test {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
            found.push((path.file_name().unwrap().to_string_lossy().into_owned(), code));
        }
    }
}

#[test]
fn every_entrance_goes_through_the_one_function_that_asks_the_guard() {
    let mut found = Vec::new();
    sources(std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut found);
    let holding = |text: &str| -> Vec<&str> {
        found.iter().filter(|(_, code)| code.contains(text)).map(|(name, _)| name.as_str()).collect()
    };
    // Seeds, links, redirect hops and sitemaps come in by `get`, robots.txt by `robots`; both send by `request`.
    assert_eq!(holding(".send()"), ["fetch.rs"], "who sends requests");
    assert_eq!(holding("guard::check_peer("), ["fetch.rs"]);
    let callers: std::collections::BTreeSet<_> = holding("self.request(").into_iter().collect();
    assert_eq!(callers.into_iter().collect::<Vec<_>>(), ["get.rs", "robots.rs"]);
    assert_eq!(holding("Client::builder()"), ["client.rs"], "who makes clients");
    for other in ["TcpStream::connect", "UdpSocket", "reqwest::get", "Client::new()"] {
        assert_eq!(holding(other), [] as [&str; 0], "{other}");
    }
}
