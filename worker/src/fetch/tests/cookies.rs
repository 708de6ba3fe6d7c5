//! Cookies of a crawl: they come back to who set them, and to nobody else.

use std::sync::atomic::{AtomicBool, Ordering};

use rad_core::retry::FailureClass;

use super::*;
use crate::fetch::RobotsQuest;

async fn get_with(cookies: &Cookies, url: &CanonicalUrl) -> Result<Fetched, FetchError> {
    local_fetcher().get(url, &Conditional::default(), Duration::ZERO, cookies, &|_| true).await
}

fn cookie_of(request: &str) -> Option<&str> {
    request.lines().find_map(|line| line.strip_prefix("cookie: "))
}

#[tokio::test]
async fn a_cookie_comes_back_within_its_crawl_only_and_to_no_other_host() {
    let sets = |path: &str| match path {
        "/" => {
            Reply::ok("Content-Type: text/html\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/x\r\n", "<p>x")
        }
        _ => html("<p>x"),
    };
    let server = Server::start(sets).await;
    let other = Server::start_at("127.0.0.2", sets).await;
    let (first, second) = (Cookies::default(), Cookies::default());
    for (cookies, url) in [
        (&first, server.url("/")),
        (&first, server.url("/y")),
        (&first, server.url("/x")),
        (&second, server.url("/x")),
        (&first, other.url("/x")),
    ] {
        get_with(cookies, &url).await.unwrap();
    }
    let sent: Vec<_> = server.requests();
    let sent: Vec<_> = sent.iter().map(|request| cookie_of(request)).collect();
    assert_eq!(sent, [None, Some("a=1"), Some("b=2; a=1"), None]);
    assert_eq!(cookie_of(&other.requests()[0]), None);
    local_fetcher().robots(RobotsQuest::of(&server.url("/").host_key()), Duration::ZERO).await;
    assert_eq!(cookie_of(server.requests().last().unwrap()), None);
}

#[tokio::test]
async fn a_redirect_back_that_set_a_cookie_is_no_loop() {
    let has_cookie = AtomicBool::new(false);
    let server = Server::start(move |path| match path {
        "/" if has_cookie.load(Ordering::SeqCst) => html("<p>welcome"),
        "/" => Reply::redirect("/check"),
        _ => {
            has_cookie.store(true, Ordering::SeqCst);
            Reply::status("302 Found", "Location: /\r\nSet-Cookie: seen=1; Path=/\r\n", "")
        }
    })
    .await;
    let fetched = get_with(&Cookies::default(), &server.url("/")).await.unwrap();
    let Fetched::Page(page) = fetched else { panic!("{fetched:?}") };
    assert_eq!((page.final_url, page.hops.len()), (server.url("/"), 2));
    assert_eq!(cookie_of(server.requests().last().unwrap()), Some("seen=1"));
}

#[tokio::test]
async fn redirects_that_set_another_cookie_each_time_still_end() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let server = Server::start(move |_| {
        let count = count.fetch_add(1, Ordering::SeqCst);
        Reply::status("302 Found", &format!("Location: /\r\nSet-Cookie: n={count}\r\n"), "")
    })
    .await;
    let error = get_with(&Cookies::default(), &server.url("/")).await.unwrap_err();
    assert_eq!(error.failure(), FailureClass::TooManyRedirects);
}
