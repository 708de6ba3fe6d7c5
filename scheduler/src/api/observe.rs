//! Counts and times the requests to the API, by the pattern of their route and never by their path.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, histogram};
use rad_core::metrics::CRAWL_QUEUE;
use rad_core::metrics::control::{HTTP_DURATION, HTTP_REQUESTS};
use rad_core::metrics::tasks::PUSHED;

/// Starts a crawl, and with it the task of its first URL.
const START: &str = "/api/v1/crawls";

/// Stands for all paths without a route.
const OTHER: &str = "other";

/// Measures one request, from its headers to the headers of its answer.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let (route, method) = (route_of(&request), method_of(request.method()));
    let begun = Instant::now();
    let response = next.run(request).await;
    histogram!(HTTP_DURATION, "route" => route.clone()).record(begun.elapsed());
    let status = response.status();
    if route == START && status == StatusCode::CREATED {
        counter!(PUSHED, "queue" => CRAWL_QUEUE, "source" => "api").increment(1);
    }
    counter!(HTTP_REQUESTS, "route" => route, "method" => method, "status" => status.as_str().to_owned())
        .increment(1);
    response
}

fn route_of(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or(OTHER, MatchedPath::as_str).to_owned()
}

/// A client may invent methods; each would be a series.
fn method_of(method: &Method) -> &'static str {
    [Method::GET, Method::POST, Method::PATCH, Method::DELETE, Method::PUT, Method::HEAD, Method::OPTIONS]
        .iter()
        .zip(["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"])
        .find_map(|(known, name)| (known == method).then_some(name))
        .unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::{get, post};
    use rad_core::metrics::Role;
    use rad_schema::process::metrics::isolated;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn an_invented_method_makes_no_series_of_its_own() {
        assert_eq!(method_of(&Method::DELETE), "DELETE");
        assert_eq!(method_of(&Method::from_bytes(b"BREW").unwrap()), "other");
    }

    /// Everything on one thread, where the recorder is.
    fn answered(requests: &[&str]) -> String {
        let recorded = isolated(Role::Scheduler);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        recorded.run(|| runtime.block_on(ask(requests)));
        recorded.render()
    }

    async fn ask(requests: &[&str]) {
        let router = Router::new()
            .route("/api/v1/crawls", post(|| async { StatusCode::CREATED }))
            .route("/api/v1/crawls/{id}", get(|| async { "a crawl" }))
            .layer(axum::middleware::from_fn(observe));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        for request in requests {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head = format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
        }
        serving.abort();
    }

    #[test]
    fn requests_are_counted_by_route_method_and_status() {
        let text = answered(&["GET /api/v1/crawls/1", "GET /api/v1/crawls/2", "GET /nothing"]);
        for line in [
            r#"rad_http_requests_total{route="/api/v1/crawls/{id}",method="GET",status="200"} 2"#,
            r#"rad_http_requests_total{route="other",method="GET",status="404"} 1"#,
            r#"rad_http_request_duration_seconds_count{route="/api/v1/crawls/{id}"} 2"#,
            r#"rad_tasks_pushed_total{queue="crawl",source="api"} 0"#,
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line} in {text}");
        }
    }

    #[test]
    fn a_crawl_that_was_started_has_pushed_its_first_url() {
        let text = answered(&["POST /api/v1/crawls"]);
        assert!(text.contains("rad_tasks_pushed_total{queue=\"crawl\",source=\"api\"} 1\n"), "{text}");
    }
}
