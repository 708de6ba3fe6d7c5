//! Pages, redirects, conditional requests and statuses.

use std::time::{Duration, Instant};

use rad_core::retry::{FailureClass, RetryAfter};
use rad_core::url::CanonicalUrl;

use super::*;
use crate::fetch::{Directives, Hop};

#[tokio::test]
async fn a_redirect_that_must_not_be_followed_comes_back_uncontacted() {
    let server = Server::start(|path| match path {
        "/old" => Reply::redirect("/new"),
        _ => html("new"),
    })
    .await;
    let refused = |to: &CanonicalUrl| !to.as_str().ends_with("/new");
    let fetched = local_fetcher()
        .get(&server.url("/old"), &Conditional::default(), Duration::ZERO, &Cookies::default(), &refused)
        .await;
    let Ok(Fetched::Redirect { to, hops }) = fetched else { panic!("{fetched:?}") };
    assert_eq!((to, hops.len()), (server.url("/new"), 1));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_page_comes_with_its_headers_and_says_who_asked() {
    let server = Server::start(|_| {
        let headers = "Content-Type: Text/HTML; Charset=UTF-8\r\nETag: \"v1\"\r\n\
                       Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                       X-Robots-Tag: otherbot: noindex\r\nX-Robots-Tag: nofollow\r\n";
        Reply::ok(headers, "<p>hello")
    })
    .await;
    let page = get_page(&server, "/a?b=c").await;
    assert_eq!(page.final_url, server.url("/a?b=c"));
    assert_eq!(page.status, 200);
    assert_eq!(page.etag.as_deref(), Some("\"v1\""));
    assert_eq!(page.last_modified.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_eq!(page.content_type, "text/html");
    assert_eq!(page.charset.as_deref(), Some("utf-8"));
    assert_eq!(page.directives, Directives { noindex: None, nofollow: true });
    assert_eq!(page.body, "<p>hello");
    assert_eq!(page.hops, []);

    let request = server.requests().remove(0).to_lowercase();
    assert!(request.starts_with("get /a?b=c http/1.1"), "{request}");
    assert!(request.contains("user-agent: rad/"), "{request}");
    assert!(request.contains("(+https://example.com/bot)"), "{request}");
    assert!(!request.contains("cookie:") && !request.contains("referer:"), "{request}");
}

#[tokio::test]
async fn a_redirect_within_the_host_is_followed_after_the_delay() {
    let server = Server::start(|path| match path {
        "/old" => Reply::redirect("/new#part"),
        _ => html("new"),
    })
    .await;
    let delay = Duration::from_millis(150);
    let started = Instant::now();
    let fetched = local_fetcher()
        .get(&server.url("/old"), &Conditional::default(), delay, &Cookies::default(), &|_| true)
        .await;
    let Ok(Fetched::Page(page)) = fetched else {
        panic!("not a page: {fetched:?}");
    };
    assert!(started.elapsed() >= delay);
    assert_eq!(page.final_url, server.url("/new"));
    assert_eq!(page.hops, [Hop { url: server.url("/old"), status: 302 }]);
    assert_eq!(page.body, "new");
}

#[tokio::test]
async fn the_pause_between_hops_does_not_count_against_the_total_time() {
    let server = Server::start(|path| match path {
        "/old" => Reply::redirect("/new"),
        _ => html("new"),
    })
    .await;
    let total_timeout = Duration::from_millis(500);
    let fetcher = Fetcher::new(FetchConfig { total_timeout, ..config("127.0.0.0/8") }).unwrap();
    let outcome = fetcher
        .get(&server.url("/old"), &Conditional::default(), total_timeout, &Cookies::default(), &|_| true)
        .await;
    assert!(matches!(outcome, Ok(Fetched::Page(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_redirect_to_another_host_is_handed_back_without_contacting_it() {
    let other = Server::start_at("127.0.0.2", |_| html("other")).await;
    let target = other.url("/there");
    let location = target.as_str().to_owned();
    let server = Server::start(move |path| match path {
        "/a" => Reply::redirect("/b"),
        _ => Reply::redirect(&location),
    })
    .await;
    let Fetched::Redirect { to, hops } = get(&server, "/a").await.unwrap() else {
        panic!("no redirect");
    };
    assert_eq!(to, target);
    assert_eq!(hops.len(), 2);
    assert_eq!(hops[1].url, server.url("/b"));
    assert_eq!(other.requests(), [] as [String; 0]);
}

#[tokio::test]
async fn a_loop_ends_when_a_url_comes_back() {
    let server = Server::start(|path| Reply::redirect(if path == "/a" { "/b" } else { "/a" })).await;
    let error = get(&server, "/a").await.unwrap_err();
    assert_eq!(error.failure(), FailureClass::TooManyRedirects);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn ten_redirects_are_followed_and_the_eleventh_is_not() {
    let server = Server::start(|path| {
        let number: u32 = path[1..].parse().unwrap();
        if number == 0 { html("end") } else { Reply::redirect(&format!("/{}", number - 1)) }
    })
    .await;
    assert_eq!(get_page(&server, "/10").await.hops.len(), 10);
    let error = get(&server, "/11").await.unwrap_err();
    assert_eq!(error.failure(), FailureClass::TooManyRedirects);
    assert_eq!(server.requests().len(), 11 + 11);
}

#[tokio::test]
async fn validators_are_sent_and_304_means_not_modified() {
    let server = Server::start(|path| match path {
        "/moved" => Reply::redirect("/page"),
        _ => Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_vec()),
    })
    .await;
    let stored = Conditional {
        etag: Some("W/\"7\"".to_owned()),
        last_modified: Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
    };
    let fetched = local_fetcher()
        .get(&server.url("/moved"), &stored, Duration::ZERO, &Cookies::default(), &|_| true)
        .await;
    let Ok(Fetched::NotModified { final_url, hops }) = fetched else {
        panic!("modified: {fetched:?}");
    };
    assert_eq!(final_url, server.url("/page"));
    assert_eq!(hops.len(), 1);
    let request = server.requests().remove(1).to_lowercase();
    assert!(request.contains("if-none-match: w/\"7\""), "{request}");
    assert!(request.contains("if-modified-since: sun, 06 nov 1994 08:49:37 gmt"), "{request}");

    let unasked = get(&server, "/page").await.unwrap_err();
    assert!(matches!(unasked, FetchError::Status { status: 304, .. }), "{unasked:?}");
}

#[tokio::test]
async fn a_status_that_is_no_success_is_an_error_with_its_retry_after() {
    let server = Server::start(|path| match path {
        "/busy" => Reply::status("503 Busy", "Retry-After: 120\r\n", "later"),
        "/nowhere" => Reply::status("302 Found", "", ""),
        _ => Reply::status("404 Not Found", "Content-Type: text/html\r\n", "no"),
    })
    .await;
    let retry_after = Some(RetryAfter::Seconds(120));
    for (path, code, retry_after) in
        [("/busy", 503, retry_after), ("/gone", 404, None), ("/nowhere", 302, None)]
    {
        let error = get(&server, path).await.unwrap_err();
        assert_eq!(error.failure(), FailureClass::Status { code, retry_after }, "{path}");
    }
}

#[tokio::test]
async fn a_body_of_an_unwanted_type_is_not_downloaded() {
    let server = Server::start(|_| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n".to_vec();
        Reply::Endless(head, vec![b'x'; 64 * 1024])
    })
    .await;
    // Reading it would end in `TooLarge`, because it has no end.
    let error = get(&server, "/logo.png").await.unwrap_err();
    assert!(
        matches!(&error, FetchError::UnsupportedType { content_type: Some(kind) } if kind == "image/png"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_body_without_a_type_is_a_page_only_if_it_looks_like_html() {
    let server = Server::start(|path| match path {
        "/page" => Reply::ok("", format!("\n<!DOCTYPE html><p>{}", "long ".repeat(1_000))),
        "/short" => Reply::ok("Content-Type: nonsense\r\n", "<html></html>"),
        _ => Reply::ok("", "%PDF-1.7"),
    })
    .await;
    let page = get_page(&server, "/page").await;
    assert_eq!(page.content_type, "text/html");
    assert_eq!(page.body.len(), "\n<!DOCTYPE html><p>".len() + 5_000);
    assert_eq!(get_page(&server, "/short").await.body, "<html></html>");
    let error = get(&server, "/paper").await.unwrap_err();
    assert_eq!(error.failure(), FailureClass::UnsupportedType);
}
