//! The oracle against sites whose outcome is known.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, StatusCode, Uri};
use rad_core::ids::Hash128;

use super::*;
use crate::web::{Expected, RobotsKnob, RobotsRule, Server, Site, SiteSpec};

const LOOPBACK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

fn all_knobs(seed: u64) -> SiteSpec {
    SiteSpec {
        seed,
        pages: 300,
        body_bytes: 6_000,
        duplicates_percent: 10,
        redirects_percent: 10,
        broken_percent: 5,
        errors_percent: 20,
        error_answers: 2,
        robots: RobotsKnob { rule: RobotsRule::DisallowPrivate { percent: 10 }, crawl_delay: Some(10.0) },
        ..SiteSpec::default()
    }
}

/// The oracle's findings in the terms of the synthetic site, whose URLs start with `origin`.
fn as_expected(oracle: &Oracle, origin: &str) -> Expected {
    let path = |url: &String| url.strip_prefix(origin).unwrap().to_owned();
    let stored = oracle.stored_contents.iter();
    Expected {
        stored: stored.map(|(content, urls)| (*content, urls.iter().map(path).collect())).collect(),
        redirects: oracle.redirected.iter().map(|(from, to)| (path(from), path(to))).collect(),
        not_found: oracle.failed.keys().map(path).collect(),
        disallowed: oracle.disallowed.iter().map(path).collect(),
    }
}

#[tokio::test]
async fn the_oracle_finds_exactly_what_a_synthetic_site_has() {
    for seed in [1, 2, 3, 20, 4_711] {
        eprintln!("seed {seed}");
        let server = Server::start(Site::new(all_knobs(seed)), LOOPBACK.into()).await.unwrap();
        let oracle = walk(&server.url(), OracleOptions::default()).await.unwrap();

        let origin = format!("http://{}", server.address());
        assert_eq!(as_expected(&oracle, &origin), server.site().expected(), "seed {seed}");
        assert!(oracle.failed.values().all(|reason| reason == "404"), "seed {seed}");
        assert!(!oracle.truncated);
        for (path, hits) in server.hits() {
            let page = server.site().page_at(&path);
            let transient = page.is_some_and(|page| server.site().is_transient(page));
            assert!(page.is_some() || path == "/robots.txt", "seed {seed}: fetched {path}");
            assert!(!path.starts_with("/private/"), "seed {seed}: fetched {path}");
            assert_eq!(hits, if transient { 3 } else { 1 }, "seed {seed}: {path}");
        }
    }
}

#[tokio::test]
async fn the_walk_ends_at_its_page_limit() {
    let server = Server::start(Site::new(all_knobs(1)), LOOPBACK.into()).await.unwrap();
    let options = OracleOptions { max_pages: 10, parallel: 3, ..OracleOptions::default() };
    let oracle = walk(&server.url(), options).await.unwrap();
    assert!(oracle.truncated);
    assert_eq!(oracle.pages.len(), 10);
    assert!(server.max_in_flight() <= 3);
}

#[tokio::test]
async fn a_page_that_stays_broken_fails_with_its_last_status() {
    let spec = SiteSpec { error_answers: 9, ..all_knobs(1) };
    let server = Server::start(Site::new(spec), LOOPBACK.into()).await.unwrap();
    let oracle = walk(&server.url(), OracleOptions::default()).await.unwrap();
    let broken = oracle.failed.iter().find(|(_, reason)| *reason == "503");
    let (url, _) = broken.unwrap();
    assert_eq!(oracle.pages[url].status, 503);
}

#[tokio::test]
async fn hosts_beyond_loopback_are_refused() {
    let error = walk("http://192.0.2.1/", OracleOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("not on a loopback address"), "{error}");
}

type Written = (StatusCode, [(HeaderName, &'static str); 2], &'static str);

/// A hand-written site for what the synthetic one doesn't have.
fn written(path: &str) -> Written {
    let tag = HeaderName::from_static("x-robots-tag");
    let html = (CONTENT_TYPE, "text/html; charset=utf-8");
    let page = |body| (StatusCode::OK, [html.clone(), (tag.clone(), "all")], body);
    match path {
        "/" => page(
            "<base href='/sub/'><a href='deep?a=1&amp;b=2#part'>1</a><a href='../noindex'>2</a>\
             <a href=/nofollow>3</a><a href=/header>4</a><a href=/text>5</a><a href=/image>6</a>\
             <a href=/away>7</a><a href='http://127.0.0.1:1/'>8</a><a href='mailto:a@b'>9</a>\
             <a href='http://['>10</a>",
        ),
        "/sub/deep?a=1&b=2" => page("<p>deep"),
        "/noindex" => page("<meta name=robots content=noindex><a href=/behind-noindex>"),
        "/behind-noindex" => page("<p>behind noindex"),
        "/nofollow" => page("<meta name=rad content=nofollow><a href=/behind-nofollow>"),
        "/header" => (StatusCode::OK, [html, (tag, "none")], "<a href=/behind-header>"),
        "/text" => (StatusCode::OK, [(CONTENT_TYPE, "Text/Plain"), (tag, "all")], "<a href=/no>"),
        "/image" => (StatusCode::OK, [(CONTENT_TYPE, "image/png"), (tag, "all")], "<a href=/no>"),
        "/away" => (StatusCode::FOUND, [(LOCATION, "http://127.0.0.1:1/x#y"), (tag, "all")], ""),
        _ => (StatusCode::NOT_FOUND, [html, (tag, "all")], "<a href=/no>"),
    }
}

async fn serve_written() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = async |uri: Uri| written(uri.path_and_query().map_or("/", |path| path.as_str()));
    tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
    address
}

#[tokio::test]
async fn wishes_types_bases_and_the_host_boundary_are_respected() {
    let origin = format!("http://{}", serve_written().await);
    let oracle = walk(&format!("{origin}/#top"), OracleOptions::default()).await.unwrap();

    let known = [
        "/",
        "/sub/deep?a=1&b=2",
        "/noindex",
        "/behind-noindex",
        "/nofollow",
        "/header",
        "/text",
        "/image",
        "/away",
    ];
    let fetched: BTreeSet<String> = known.iter().map(|path| format!("{origin}{path}")).collect();
    assert_eq!(oracle.pages.keys().cloned().collect::<BTreeSet<_>>(), fetched);
    assert!(oracle.failed.is_empty() && oracle.disallowed.is_empty());
    let away = (format!("{origin}/away"), "http://127.0.0.1:1/x".to_owned());
    assert_eq!(oracle.redirected, BTreeMap::from([away]));

    // "/image" has the bytes of "/text" and yet is not listed with it.
    let stored = ["/", "/sub/deep?a=1&b=2", "/behind-noindex", "/nofollow", "/text"];
    let stored = stored.map(|path| {
        let content = Hash128::of(written(path).2.as_bytes());
        (content, vec![format!("{origin}{path}")])
    });
    assert_eq!(oracle.stored_contents, HashMap::from(stored));
    assert_eq!(oracle.pages[&format!("{origin}/text")].content_type, "text/plain");
}
