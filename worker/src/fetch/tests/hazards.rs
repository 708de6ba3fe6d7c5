//! Hostile answers that the other tests have no place for, and the list of all.

use std::path::Path;

use rad_core::retry::FailureClass;
use rad_core::url::CanonicalUrl;
use rad_schema::documents::Compressor;

use super::*;
use crate::content;
use crate::extract::HostMemory;

const LIST: &str = include_str!("../../../../docs/hazards.md");

async fn failure(server: &Server, path: &str) -> FailureClass {
    get(server, path).await.unwrap_err().failure()
}

#[test]
fn each_of_the_26_hazards_names_a_test_that_exists() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut source = String::new();
    let mut folders = ["core/src", "worker/src", "schema/tests"].map(|folder| root.join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                source.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let rows: Vec<_> = LIST.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    for (number, row) in (1..).zip(&rows) {
        assert!(row.starts_with(&format!("| {number} |")), "{row}");
        let tests = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row}");
        for name in names {
            assert!(source.contains(&format!("fn {name}(")), "hazard {number}: there is no test {name}");
        }
    }
    assert_eq!(rows.len(), 26);
}

#[tokio::test]
async fn a_flood_of_headers_has_a_verdict_of_its_own() {
    let server = Server::start(|path| match path {
        "/many" => Reply::ok(&"X-A: b\r\n".repeat(300), ""),
        "/long" => Reply::ok(&format!("X-A: {}\r\n", "b".repeat(1024 * 1024)), ""),
        _ => Reply::ok(&"Set-Cookie: a=b\r\n".repeat(10_000), ""),
    })
    .await;
    for path in ["/many", "/long", "/cookies"] {
        assert_eq!(failure(&server, path).await, FailureClass::HeadersTooLarge, "{path}");
    }
}

#[tokio::test]
async fn contradicting_lengths_are_protocol_failures() {
    let ok = |headers: &str| {
        Reply::Bytes(format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{headers}\r\nbody").into_bytes())
    };
    let server = Server::start(move |path| match path {
        "/negative" => ok("Content-Length: -4\r\n"),
        "/twice" => ok("Content-Length: 4\r\nContent-Length: 5\r\n"),
        "/huge" => ok("Content-Length: 99999999999999999999999\r\n"),
        _ => ok("Content-Length: four\r\n"),
    })
    .await;
    for path in ["/negative", "/twice", "/huge", "/word"] {
        assert_eq!(failure(&server, path).await, FailureClass::Protocol, "{path}");
    }
}

#[tokio::test]
async fn a_coding_that_breaks_off_leaves_a_partial_page() {
    let text = "<p>kept</p>".repeat(10_000);
    let mut packed = Vec::new();
    std::io::copy(
        &mut flate2::read::GzEncoder::new(text.as_bytes(), flate2::Compression::fast()),
        &mut packed,
    )
    .unwrap();
    let server = Server::start(move |path| {
        let headers = "Content-Type: text/html\r\nContent-Encoding: gzip\r\n";
        match path {
            "/cut" => Reply::ok(headers, &packed[..packed.len() / 2]),
            "/more" => Reply::ok(headers, [&packed[..], b"garbage"].concat()),
            _ => Reply::ok(headers, &packed),
        }
    })
    .await;
    let whole = get_page(&server, "/").await;
    assert!(!whole.is_partial && whole.body == text);
    let more = get_page(&server, "/more").await;
    assert!(more.is_partial && more.body == text);
    let cut = get_page(&server, "/cut").await;
    assert!(cut.is_partial && !cut.body.is_empty() && text.as_bytes().starts_with(&cut.body));
    let read = content::read(
        Page { etag: Some("x".to_owned()), ..cut },
        &HostMemory::default(),
        &mut Compressor::default(),
    );
    assert!(read.page.notes.is_some_and(|notes| notes.starts_with("partial")));
    assert_eq!(read.page.etag, None, "a later crawl must not be told that nothing has changed");
}

#[tokio::test]
async fn huge_attributes_and_very_many_are_read_in_a_moment() {
    let value = "x".repeat(1024 * 1024);
    let many = (0..100_000).map(|n| format!("a{n}=b ")).collect::<Vec<_>>().concat();
    let server = Server::start(move |path| match path {
        "/long" => html(&format!("<p title='{value}'>seen</p><a href='{value}'>")),
        _ => html(&format!("<p {many}>seen</p>")),
    })
    .await;
    for path in ["/long", "/many"] {
        let read =
            content::read(get_page(&server, path).await, &HostMemory::default(), &mut Compressor::default());
        assert_eq!(read.page.chunks.len(), 1, "{path}");
        assert!(read.page.chunks[0].text.contains("seen") && read.page.chunks[0].text.len() < 100, "{path}");
        assert!(read.links.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn interim_answers_and_bodies_where_none_belong_end_the_fetch() {
    let server = Server::start(|path| match path {
        "/interim" => Reply::Endless(Vec::new(), b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        "/early" => Reply::Bytes(
            [
                &b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"[..],
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\nhello",
            ]
            .concat(),
        ),
        "/none" => Reply::Bytes(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\nbody".to_vec()),
        _ => Reply::Bytes(b"<html>no head at all</html>\r\n\r\n".to_vec()),
    })
    .await;
    let limits = FetchConfig { first_byte_timeout: Duration::from_secs(2), ..config("127.0.0.0/8") };
    let url = server.url("/interim");
    let endless = Fetcher::new(limits)
        .unwrap()
        .get(&url, &Conditional::default(), Duration::ZERO, &Cookies::default(), &|_| true)
        .await;
    assert!(endless.unwrap_err().failure().is_retryable());
    assert_eq!(get_page(&server, "/early").await.body, "hello");
    assert!(matches!(failure(&server, "/none").await, FailureClass::UnsupportedType));
    assert_eq!(failure(&server, "/ancient").await, FailureClass::Protocol);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_and_a_silent_handshake_end_the_fetch() {
    let (address, _server) = tls_server();
    let url = CanonicalUrl::parse(&format!("https://{address}/")).unwrap();
    let fetched = local_fetcher()
        .get(&url, &Conditional::default(), Duration::ZERO, &Cookies::default(), &|_| true)
        .await;
    assert_eq!(fetched.unwrap_err().failure(), FailureClass::Tls);

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = CanonicalUrl::parse(&format!("https://{}/", silent.local_addr().unwrap())).unwrap();
    let connect_timeout = Duration::from_millis(300);
    let hasty = Fetcher::new(FetchConfig { connect_timeout, ..config("127.0.0.0/8") }).unwrap();
    let fetched =
        hasty.get(&url, &Conditional::default(), Duration::ZERO, &Cookies::default(), &|_| true).await;
    assert_eq!(fetched.unwrap_err().failure(), FailureClass::Connect);
}

/// Shakes hands with whoever comes, on a thread of its own.
fn tls_server() -> (std::net::SocketAddr, std::thread::JoinHandle<()>) {
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let chain = vec![own.cert.der().clone()];
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    rustls::crypto::ring::default_provider().install_default().ok();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(chain, key.into()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(std::sync::Arc::new(config)).unwrap();
        // The client leaves in the middle: that is the test.
        tls.complete_io(&mut stream).ok();
    });
    (address, serving)
}
