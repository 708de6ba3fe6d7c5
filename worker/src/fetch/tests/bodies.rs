//! Bodies that are too large, too slow, broken or oddly packed, and servers that are not there.

use std::io::Read as _;
use std::net::TcpListener;

use rad_core::retry::FailureClass;
use rad_core::url::CanonicalUrl;

use super::*;
use crate::fetch::Slow;

const MIB: usize = 1024 * 1024;

fn html_head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n{headers}\r\n").into_bytes()
}

fn encoded(coding: &str, body: &[u8]) -> Reply {
    Reply::ok(&format!("Content-Type: text/html\r\nContent-Encoding: {coding}\r\n"), body)
}

/// A gzip stream of `repeats` × 258 zeros and no end, written by hand in the fixed Huffman code of RFC 1951.
fn gzip_zeros(repeats: usize) -> Vec<u8> {
    let mut bits = vec![true, true, false]; // last block, fixed code
    bits.extend([false, false, true, true, false, false, false, false]); // the byte 0
    for _ in 0..repeats {
        bits.extend([true, true, false, false, false, true, false, true]); // 258 bytes
        bits.extend([false; 5]); // from one byte back
    }
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let pack = |byte: &[bool]| byte.iter().rev().fold(0, |packed, bit| packed << 1 | u8::from(*bit));
    header.into_iter().chain(bits.chunks(8).map(pack)).collect()
}

async fn too_large(server: &Server, path: &str) {
    let error = get(server, path).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit } if limit == 10 * MIB), "{error:?}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_stopped() {
    let server = Server::start(|path| match path {
        "/announced" => Reply::Stall(html_head(&format!("Content-Length: {}\r\n", 10 * MIB + 1))),
        _ => Reply::Endless(html_head(""), vec![b'x'; 64 * 1024]),
    })
    .await;
    too_large(&server, "/announced").await;
    too_large(&server, "/endless").await;
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_kept() {
    let server = Server::start(|_| html(&"x".repeat(10 * MIB))).await;
    assert_eq!(get_page(&server, "/").await.body.len(), 10 * MIB);
}

#[tokio::test]
async fn decompression_bombs_are_stopped_by_their_growth_and_the_others_at_the_limit() {
    let zstd_bomb = zstd::encode_all(std::io::repeat(0).take(256 * MIB as u64), 1).unwrap();
    let gzip_bomb = gzip_zeros(256 * MIB / 258);
    assert!(zstd_bomb.len() < MIB / 10 && gzip_bomb.len() < 2 * MIB);
    let server = Server::start(move |path| match path {
        "/zstd" => encoded("zstd", &zstd_bomb),
        _ => encoded("gzip", &gzip_bomb),
    })
    .await;
    let error = get(&server, "/zstd").await.unwrap_err();
    assert_eq!(error.failure(), FailureClass::DecompressionBomb, "{error:?}");
    assert!(!error.failure().is_retryable());
    too_large(&server, "/gzip").await;
}

#[tokio::test]
async fn a_compressed_page_is_decoded() {
    let packed = zstd::encode_all(&b"<p>hello"[..], 3).unwrap();
    let server = Server::start(move |_| encoded("zstd", &packed)).await;
    assert_eq!(get_page(&server, "/").await.body, "<p>hello");
}

#[tokio::test]
async fn codings_that_were_not_asked_for_are_refused() {
    let server = Server::start(|path| match path {
        "/unknown" => encoded("compress", b"x"),
        "/stacked" => encoded("gzip, gzip", &gzip_zeros(1)),
        _ => Reply::ok("Content-Type: text/html\r\n", gzip_zeros(1)),
    })
    .await;
    for path in ["/unknown", "/stacked", "/undeclared"] {
        let error = get(&server, path).await.unwrap_err();
        assert_eq!(error.failure(), FailureClass::UnsupportedEncoding, "{path}");
    }
}

#[tokio::test]
async fn a_broken_body_is_a_protocol_failure() {
    let server = Server::start(|path| match path {
        "/short" => Reply::Bytes([html_head("Content-Length: 100\r\n"), b"half".to_vec()].concat()),
        "/chunks" => {
            Reply::Bytes([html_head("Transfer-Encoding: chunked\r\n"), b"4\r\nhalf\r\n".to_vec()].concat())
        }
        "/gzip" => encoded("gzip", b"this is not gzip"),
        "/empty" => Reply::Bytes(Vec::new()),
        _ => Reply::Bytes(b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec()),
    })
    .await;
    for path in ["/short", "/chunks", "/gzip", "/empty", "/ssh"] {
        let error = get(&server, path).await.unwrap_err();
        assert_eq!(error.failure(), FailureClass::Protocol, "{path}: {error:?}");
    }
}

#[tokio::test]
async fn every_kind_of_slowness_has_its_limit() {
    let server = Server::start(|path| match path {
        "/silent" => Reply::Stall(Vec::new()),
        _ => Reply::Stall([html_head("Content-Length: 5000\r\n"), vec![b'x'; 900]].concat()),
    })
    .await;
    let short = Duration::from_millis(300);
    let long = Duration::from_secs(30);
    let lazy = MinRate { bytes: 0, window: Duration::from_millis(50) };
    for (path, first_byte_timeout, total_timeout, min_rate, expected) in [
        ("/silent", short, long, config("").min_rate, Slow::FirstByte),
        ("/silent", long, short, config("").min_rate, Slow::Total),
        ("/stalled", long, long, config("").min_rate, Slow::Body),
        ("/stalled", long, short, lazy, Slow::Total),
    ] {
        let limits = FetchConfig { first_byte_timeout, total_timeout, min_rate, ..config("127.0.0.0/8") };
        let fetcher = Fetcher::new(limits).unwrap();
        let error = fetcher
            .get(&server.url(path), &Conditional::default(), Duration::ZERO, &Cookies::default(), &|_| true)
            .await
            .unwrap_err();
        assert!(matches!(error, FetchError::Timeout(slow) if slow == expected), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn a_closed_port_is_a_connect_failure_and_a_server_without_tls_a_tls_failure() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = Server::start(|_| html("plain")).await;
    let https = plain.url("/").as_str().replacen("http", "https", 1);
    for (url, failure) in [(format!("http://{closed}/"), FailureClass::Connect), (https, FailureClass::Tls)] {
        let url = CanonicalUrl::parse(&url).unwrap();
        let error = local_fetcher()
            .get(&url, &Conditional::default(), Duration::ZERO, &Cookies::default(), &|_| true)
            .await
            .unwrap_err();
        assert_eq!(error.failure(), failure, "{url:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_name_whose_servers_are_silent_is_a_dns_failure() {
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fetcher = Fetcher::new(FetchConfig { name_servers: Some(vec![closed]), ..config("") }).unwrap();
    let url = CanonicalUrl::parse("http://www.example.com/").unwrap();
    let error = fetcher
        .get(&url, &Conditional::default(), Duration::ZERO, &Cookies::default(), &|_| true)
        .await
        .unwrap_err();
    assert_eq!(error.failure(), FailureClass::Dns, "{error:?}");
}
