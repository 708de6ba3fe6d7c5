//! A name server whose names say what it answers: `4-7f000001.vectors.com` is 127.0.0.1.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::UdpSocket;

use super::witness::PUBLIC;

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

/// A URL whose host resolves to `ip`.
pub(super) fn of(ip: IpAddr) -> String {
    let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    match ip {
        IpAddr::V4(ip) => format!("http://4-{}.vectors.com/", digits(&ip.octets())),
        IpAddr::V6(ip) => format!("http://6-{}.vectors.com/", digits(&ip.octets())),
    }
}

pub(super) async fn serve() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:5353").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let asked = AtomicU32::new(0);
        let mut query = [0; 1_500];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            if let Some(reply) = reply(&query[..length], &asked) {
                socket.send_to(&reply, from).await.ok();
            }
        }
    });
    address
}

/// A record of an answer: its owner as labels, type and data.
struct Answer(String, u16, Vec<u8>);

fn reply(query: &[u8], rebind: &AtomicU32) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..=at + length]).to_lowercase());
        at += length + 1;
    }
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    let name = labels.join(".");
    let (code, answers) = answers(&name, kind, rebind)?;
    let mut out = query[..2].to_vec();
    out.extend([0x81, 0x80 | code, 0, 1]);
    out.extend(u16::try_from(answers.len()).unwrap().to_be_bytes());
    out.extend([0; 4]);
    out.extend(&query[12..at + 5]);
    for Answer(owner, kind, data) in answers {
        out.extend(wire(&owner));
        out.extend(kind.to_be_bytes());
        // Class IN, and no time to live: each connection asks again.
        out.extend([0, 1, 0, 0, 0, 0]);
        out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(data);
    }
    Some(out)
}

fn answers(name: &str, kind: u16, rebind: &AtomicU32) -> Option<(u8, Vec<Answer>)> {
    let public = |owner: &str| Answer(owner.to_owned(), A, PUBLIC.octets().to_vec());
    let private = |owner: &str| Answer(owner.to_owned(), A, vec![10, 0, 0, 1]);
    let alias = |owner: &str, to: &str| Answer(owner.to_owned(), CNAME, wire(to));
    let first = name.split('.').next().unwrap_or_default();
    let found = match first {
        "servfail" => return Some((2, Vec::new())),
        "silent" => return None,
        "mixed" if kind == A => vec![public(name), private(name)],
        "eyeballs" if kind == A => vec![public(name)],
        "eyeballs" => {
            vec![Answer(name.to_owned(), AAAA, vec![0xfd, 0xaa, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3])]
        }
        "alias" if kind == A => vec![alias(name, "db.internal"), public("db.internal")],
        "rebind" if kind == A && rebind.fetch_add(1, Ordering::SeqCst) > 0 => vec![private(name)],
        "many" if kind == A => (0..17).map(|_| public(name)).collect(),
        "aliases" => {
            let step = |n: u32| format!("a{n}.vectors.com");
            let mut chain = vec![alias(name, &step(0))];
            chain.extend((0..9).map(|n| alias(&step(n), &step(n + 1))));
            chain.push(public(&step(9)));
            chain
        }
        _ => by_name(first, name, kind)
            .unwrap_or_else(|| if kind == A { vec![public(name)] } else { Vec::new() }),
    };
    Some((0, found))
}

fn by_name(first: &str, name: &str, kind: u16) -> Option<Vec<Answer>> {
    let (family, digits) = first.split_once('-')?;
    let of_kind = match family {
        "4" => A,
        "6" => AAAA,
        _ => return None,
    };
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    let data = (0..digits.len()).step_by(2).map(byte).collect();
    Some(if kind == of_kind { vec![Answer(name.to_owned(), kind, data)] } else { Vec::new() })
}

fn wire(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.') {
        out.push(u8::try_from(label.len()).unwrap());
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}
