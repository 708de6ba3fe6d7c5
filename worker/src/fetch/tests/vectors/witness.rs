//! Listeners on every address of the namespace that note who was contacted.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The one address that may be contacted.
pub(super) const PUBLIC: Ipv4Addr = Ipv4Addr::new(93, 184, 216, 34);

/// What attackers aim at: the web, mail, shells, stores, the platform's own services.
const PORTS: [u16; 12] = [80, 443, 22, 25, 3128, 4223, 4280, 5432, 6379, 8080, 8443, 9091];

#[derive(Default)]
struct Seen {
    contacted: Vec<SocketAddr>,
    heads: Vec<String>,
    redirect: Option<String>,
}

pub(super) struct Witness(Arc<Mutex<Seen>>);

impl Witness {
    pub(super) async fn start() -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        for port in PORTS {
            // One socket for both families: an IPv4 address arrives in its mapped form.
            let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await.unwrap();
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(answer(stream, Arc::clone(&seen)));
                }
            });
        }
        Self(seen)
    }

    pub(super) fn redirect_to(&self, location: &str) {
        self.0.lock().unwrap().redirect = Some(location.to_owned());
    }

    pub(super) fn serve_pages(&self) {
        self.0.lock().unwrap().redirect = None;
    }

    pub(super) fn contacts(&self) -> usize {
        self.0.lock().unwrap().contacted.len()
    }

    /// All requests so far, in lower case.
    pub(super) fn heads(&self) -> Vec<String> {
        self.0.lock().unwrap().heads.clone()
    }

    pub(super) fn assert_only_public(&self) {
        let contacted = self.0.lock().unwrap().contacted.clone();
        let contacted: BTreeSet<_> = contacted.into_iter().collect();
        let public = SocketAddr::new(PUBLIC.into(), 80);
        assert!(contacted.iter().all(|address| *address == public), "contacted: {contacted:?}");
    }
}

async fn answer(mut stream: TcpStream, seen: Arc<Mutex<Seen>>) {
    let to = stream.local_addr().unwrap();
    let to = SocketAddr::new(to.ip().to_canonical(), to.port());
    seen.lock().unwrap().contacted.push(to);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let host = line(&head, "host").unwrap_or_default().to_owned();
    let reply = {
        let mut seen = seen.lock().unwrap();
        seen.heads.push(head);
        match &seen.redirect {
            Some(to) => format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\n"),
            // Vector 74: an offer of another protocol is not taken up.
            None => "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nAlt-Svc: h3=\":443\"\r\n".to_owned(),
        }
    };
    let reply = format!("{reply}Set-Cookie: of={host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(reply.as_bytes()).await.ok();
}

/// The value of a header, its name in lower case.
pub(super) fn line<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(of, _)| *of == name).map(|(_, value)| value)
}
