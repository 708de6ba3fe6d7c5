//! Servers that accept connections and never answer.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use crate::rig::{NOBODYS_KEY, Setup};

/// The checks' own limit is 5 s, and they wait side by side; the rest is for a machine that is busy.
const LIMIT: Duration = Duration::from_secs(20);

/// The kernel accepts for it, and nothing is ever read.
fn mute() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn servers_that_never_answer_are_failures_within_the_time_limit() {
    let [(_postgres, postgres), (_redis, redis), (_api, api)] = [mute(), mute(), mute()];
    let began = Instant::now();
    let diagnosis = Setup::default()
        .with("DATABASE_URL", format!("postgres://rad_app@{postgres}/rad"))
        .with("RAD_MIGRATE_URL", format!("postgres://owner@{postgres}/rad"))
        .with("REDIS_URL", format!("redis://{redis}"))
        .with("RAD_API_URL", format!("http://{api}"))
        .with("RAD_API_KEY", NOBODYS_KEY)
        .diagnose();
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    for check in ["database_reach", "migrate_reach", "redis_reach", "api_reach"] {
        diagnosis.assert_failed(check, "no answer within 5 s");
    }
}
