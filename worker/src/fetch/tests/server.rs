//! A local HTTP server that says exactly what a test tells it to, byte for byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rad_core::url::CanonicalUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// First byte of a TLS connection, which a plain web server answers like any bad request.
const TLS_HANDSHAKE: u8 = 22;

/// What a connection is answered with. It is closed afterwards.
pub(super) enum Reply {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, then nothing until the client leaves.
    Stall(Vec<u8>),
    /// These bytes, then the second ones over and over until the client leaves.
    Endless(Vec<u8>, Vec<u8>),
}

impl Reply {
    pub(super) fn status(line: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let length = body.len();
        let head =
            format!("HTTP/1.1 {line}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
        Self::Bytes([head.as_bytes(), body].concat())
    }

    pub(super) fn ok(headers: &str, body: impl AsRef<[u8]>) -> Self {
        Self::status("200 OK", headers, body)
    }

    pub(super) fn redirect(to: &str) -> Self {
        Self::status("302 Found", &format!("Location: {to}\r\n"), "")
    }
}

/// Runs until it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1", answer).await
    }

    /// `answer` gets the path of a request.
    pub(super) async fn start_at(ip: &str, answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on(SocketAddr::new(ip.parse().unwrap(), 0), answer).await
    }

    pub(super) async fn start_on(
        address: SocketAddr,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let seen = Arc::clone(&requests);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move { serve(stream, &seen, answer.as_ref()).await });
            }
        });
        Self { address, requests, accepting }
    }

    pub(super) fn url(&self, path: &str) -> CanonicalUrl {
        CanonicalUrl::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    /// The heads of the requests so far, in the order they came.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<String>>,
    answer: &(dyn Fn(&str) -> Reply + Send + Sync),
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head != [TLS_HANDSHAKE] {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    if head[0] == TLS_HANDSHAKE {
        let _left = write(&mut stream, Reply::Stall(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())).await;
        return;
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    seen.lock().unwrap().push(head);
    // A client that leaves early is what many tests are about, so a failed write is no error.
    let _left = write(&mut stream, answer(&path)).await;
}

async fn write(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Bytes(bytes) => stream.write_all(&bytes).await,
        Reply::Stall(bytes) => {
            stream.write_all(&bytes).await?;
            stream.read_u8().await.map(|_| ())
        }
        Reply::Endless(head, piece) => {
            stream.write_all(&head).await?;
            loop {
                stream.write_all(&piece).await?;
            }
        }
    }
}
