//! The server as its clients see it.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use reqwest::header::{ETAG, IF_NONE_MATCH, LOCATION};
use reqwest::{Client, redirect};

use super::*;
use crate::web::graph::{Kind, PageNumber};
use crate::web::spec::{RobotsKnob, RobotsRule, SiteSpec};

async fn start(spec: SiteSpec) -> Server {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Server::start(Site::new(spec), address).await.unwrap()
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap()
}

fn url(server: &Server, path: &str) -> String {
    format!("http://{}{path}", server.address())
}

fn first(server: &Server, wanted: impl Fn(PageNumber) -> bool) -> PageNumber {
    server.site().pages().find(|page| wanted(*page)).unwrap()
}

#[tokio::test]
async fn a_known_tag_is_answered_with_304_and_no_body() {
    let server = start(SiteSpec::default()).await;
    let client = client();
    let path = url(&server, &server.site().path(PageNumber(7)));

    let fresh = client.get(&path).send().await.unwrap();
    assert_eq!(fresh.status(), 200);
    let etag = fresh.headers()[ETAG].to_str().unwrap().to_owned();
    assert_eq!(fresh.text().await.unwrap(), server.site().html(PageNumber(7)).unwrap());

    let known = [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()];
    for condition in known {
        let answer = client.get(&path).header(IF_NONE_MATCH, &condition).send().await.unwrap();
        assert_eq!(answer.status(), 304, "{condition}");
        assert_eq!(answer.headers()[ETAG], etag);
        assert!(answer.bytes().await.unwrap().is_empty());
    }
    let changed = client.get(&path).header(IF_NONE_MATCH, "\"x\"").send().await.unwrap();
    assert_eq!(changed.status(), 200);
}

#[tokio::test]
async fn every_kind_of_page_has_its_answer_and_each_request_is_noted() {
    let server = start(SiteSpec {
        pages: 400,
        redirects_percent: 10,
        broken_percent: 10,
        robots: RobotsKnob { rule: RobotsRule::DisallowPrivate { percent: 10 }, crawl_delay: Some(1.5) },
        ..SiteSpec::default()
    })
    .await;
    let (client, site) = (client(), server.site());
    let get = async |path: &str| client.get(url(&server, path)).send().await.unwrap();

    let redirect = first(&server, |page| matches!(site.kind(page), Some(Kind::Redirect(_))));
    let Some(Kind::Redirect(target)) = site.kind(redirect) else { panic!("it was a redirect") };
    let answer = get(&site.path(redirect)).await;
    assert_eq!(answer.status(), 301);
    assert_eq!(answer.headers()[LOCATION].to_str().unwrap(), site.path(target));

    let broken = site.path(first(&server, |page| site.kind(page) == Some(Kind::Broken)));
    assert_eq!(get(&broken).await.status(), 404);
    assert_eq!(get("/trap/comment").await.status(), 404);
    let private = site.path(first(&server, |page| site.kind(page) == Some(Kind::Private)));
    assert_eq!(get(&private).await.status(), 200);

    let robots = get("/robots.txt").await;
    assert_eq!(robots.text().await.unwrap(), "User-agent: *\nDisallow: /private/\nCrawl-delay: 1.5\n");

    let log = server.log();
    let noted: Vec<_> = log.iter().map(|hit| (hit.path.as_str(), hit.status)).collect();
    let redirect = site.path(redirect);
    let sent = [
        (redirect.as_str(), 301),
        (&broken, 404),
        ("/trap/comment", 404),
        (&private, 200),
        ("/robots.txt", 200),
    ];
    assert_eq!(noted, sent);
    assert_eq!(server.arrivals(), 5);
    assert_eq!(server.hits()[&broken], 1);
}

#[tokio::test]
async fn a_transient_page_fails_as_often_as_it_should_and_then_answers() {
    let spec = SiteSpec { errors_percent: 50, error_answers: 2, ..SiteSpec::default() };
    let server = start(spec).await;
    let client = client();
    let page = first(&server, |page| server.site().is_transient(page));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let answer = client.get(url(&server, &server.site().path(page))).send().await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [503, 503, 200, 200]);
    assert_eq!(client.get(server.url()).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn held_requests_wait_for_the_release_while_others_pass() {
    let server = start(SiteSpec::default()).await;
    let client = client();
    let hold = server.hold("/guide/");
    let guide = first(&server, |page| server.site().path(page).starts_with("/guide/"));
    let guide = url(&server, &server.site().path(guide));
    let requests: Vec<_> = (0..3).map(|_| tokio::spawn(client.get(&guide).send())).collect();

    hold.wait_held(3).await;
    server.wait_arrivals(3).await;
    assert_eq!(client.get(server.url()).send().await.unwrap().status(), 200);
    assert!(requests.iter().all(|request| !request.is_finished()));
    assert_eq!(server.max_in_flight(), 4);
    hold.release();
    for request in requests {
        assert_eq!(request.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(client.get(&guide).send().await.unwrap().status(), 200);
    assert_eq!(server.log().last().unwrap().in_flight, 1);
}

#[tokio::test]
async fn a_stop_lets_held_requests_finish_and_then_refuses_connections() {
    let server = start(SiteSpec::default()).await;
    let (client, start_page) = (client(), server.url());
    let hold = server.hold("/");
    let request = tokio::spawn(client.get(&start_page).send());
    hold.wait_held(1).await;
    server.stop().await;
    assert_eq!(request.await.unwrap().unwrap().status(), 200);
    assert!(client.get(&start_page).send().await.unwrap_err().is_connect());
    drop(hold);
}

#[tokio::test]
async fn an_answer_takes_at_least_the_latency() {
    let latency = Duration::from_millis(30);
    let server = start(SiteSpec { latency, ..SiteSpec::default() }).await;
    let before = Instant::now();
    client().get(server.url()).send().await.unwrap();
    assert!(before.elapsed() >= latency);
}
