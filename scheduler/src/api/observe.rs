//! Counts and times the requests to the API, by the pattern of their route and never by their path.

use std::time::Instant;

use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, histogram};
use rad_core::metrics::CRAWL_QUEUE;
use rad_core::metrics::control::{HTTP_DURATION, HTTP_REQUESTS};
use rad_core::metrics::tasks::PUSHED;

/// Starts a crawl, and with it the task of its first URL.
const START: &str = "/api/v1/crawls";

/// The routes of the API. What is not among them is counted as one.
const ROUTES: [&str; 18] = [
    START,
    "/api/v1/crawls/{id}",
    "/api/v1/crawls/{id}/cancel",
    "/api/v1/crawls/{id}/errors",
    "/api/v1/crawls/{id}/samples",
    "/api/v1/documents",
    "/api/v1/documents/{id}",
    "/api/v1/documents/{id}/chunks",
    "/api/v1/workers",
    "/api/v1/tenant",
    "/api/v1/health",
    "/api/v1/tenants",
    "/api/v1/tenants/{name}",
    "/api/v1/tenants/{name}/keys",
    "/api/v1/tenants/{name}/keys/{key_id}",
    "/errors/{code}",
    "/healthz",
    "/readyz",
];

/// Stands for all paths without a route.
const OTHER: &str = "other";

/// Measures one request, from its headers to the headers of its answer.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let (route, method) = (route_of(request.uri().path()), method_of(request.method()));
    let begun = Instant::now();
    let response = next.run(request).await;
    histogram!(HTTP_DURATION, "route" => route).record(begun.elapsed());
    let status = response.status();
    counter!(HTTP_REQUESTS, "route" => route, "method" => method, "status" => status.as_str().to_owned())
        .increment(1);
    if route == START && status == StatusCode::CREATED {
        counter!(PUSHED, "queue" => CRAWL_QUEUE, "source" => "api").increment(1);
    }
    response
}

fn route_of(path: &str) -> &'static str {
    ROUTES.into_iter().find(|route| matches(route, path)).unwrap_or(OTHER)
}

fn matches(route: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let fit = route.split('/').all(|pattern| {
        segments.next().is_some_and(|segment| {
            if pattern.starts_with('{') { !segment.is_empty() } else { pattern == segment }
        })
    });
    fit && segments.next().is_none()
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
    fn a_path_is_named_by_its_pattern() {
        for (path, route) in [
            ("/api/v1/crawls", "/api/v1/crawls"),
            ("/api/v1/crawls/17", "/api/v1/crawls/{id}"),
            ("/api/v1/crawls/17/errors", "/api/v1/crawls/{id}/errors"),
            ("/api/v1/tenants/acme/keys/0a1b2c3d", "/api/v1/tenants/{name}/keys/{key_id}"),
            ("/errors/not_found", "/errors/{code}"),
            ("/healthz", "/healthz"),
            ("/api/v1/crawls/", "other"),
            ("/api/v1/crawls/17/errors/more", "other"),
            ("/wp-login.php", "other"),
        ] {
            assert_eq!(route_of(path), route, "{path}");
        }
    }

    #[test]
    fn every_route_of_the_router_has_its_name() {
        let router = include_str!("../api.rs");
        let served: Vec<_> = router
            .lines()
            .filter_map(|line| line.trim().strip_prefix(".route(\"")?.split('"').next())
            .collect();
        assert!(served.len() >= 10, "the routes are not where this test looks: {served:?}");
        for route in served {
            assert!(ROUTES.contains(&route), "{route} would be counted as other");
        }
    }

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
