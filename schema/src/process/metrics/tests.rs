use std::net::{Ipv4Addr, SocketAddr};

use metrics::counter;
use rad_core::metrics::{Exporter, Kind, all};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Every line of `text` that shows a value belongs to a family with a HELP and a TYPE line.
fn assert_described(text: &str) {
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let described = [Some(name), base].into_iter().flatten().any(|name| {
            text.contains(&format!("# HELP {name} ")) && text.contains(&format!("# TYPE {name} "))
        });
        assert!(described, "{line}");
    }
}

#[test]
fn every_process_has_its_known_series_from_the_start() {
    for role in [Role::Worker, Role::Scheduler] {
        let text = isolated(role).render();
        assert_described(&text);
        for metric in all().filter(|metric| metric.is_exported_by(role)) {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
            };
            let known = !metric.known_series().is_empty();
            assert_eq!(text.contains(&format!("# TYPE {} {kind}\n", metric.name)), known, "{}", metric.name);
        }
        assert!(text.contains("# TYPE process_cpu_seconds_total counter"), "{text}");
        for metric in all().filter(|metric| metric.exporter == Exporter::Leader) {
            assert!(!text.contains(metric.name), "{} is the leader's", metric.name);
        }
    }
}

#[test]
fn a_counter_is_there_at_zero_before_its_first_event() {
    let worker = isolated(Role::Worker);
    let name = rad_core::metrics::tasks::LOCK_CONTENTION;
    let zero = format!("{name}{{lock_class=\"url\"}} 0");
    assert!(worker.render().contains(&zero));
    worker.run(|| counter!(name, "lock_class" => "url").increment(2));
    assert!(worker.render().contains(&format!("{name}{{lock_class=\"url\"}} 2")));
}

#[test]
fn a_call_is_timed_in_buckets_that_can_be_added_up() {
    let worker = isolated(Role::Worker);
    worker.run(|| drop((Timing::query("hydrate"), Timing::script("claim"))));
    let text = worker.render();
    assert!(text.contains(r#"rad_db_query_duration_seconds_bucket{op="hydrate",le="+Inf"} 1"#), "{text}");
    assert!(text.contains(r#"rad_redis_command_duration_seconds_count{cmd="claim"} 1"#), "{text}");
}

#[tokio::test]
async fn an_address_in_use_is_named_with_the_setting_and_the_fix() {
    let holder = TcpListener::bind(any_port()).await.unwrap();
    let taken = holder.local_addr().unwrap();
    let error = serve_metrics(taken, Role::Worker, CancellationToken::new()).await.unwrap_err().to_string();
    for part in [taken.to_string().as_str(), "RAD_METRICS_LISTEN", "another port", "127.0.0.1:0"] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn metrics_and_health_are_served_until_the_process_stops() {
    let isolated = isolated(Role::Scheduler);
    let listener = TcpListener::bind(any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let exposition = Exposition::of(isolated.handle());
    exposition.fleet.publish(|| metrics::gauge!(rad_core::metrics::fleet::EVENTS_PENDING).set(3.0));
    let serving = tokio::spawn(serve(listener, exposition, shutdown.clone()));
    let answer = get(address, "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
    assert!(answer.contains("# TYPE rad_scheduler_leader gauge\nrad_scheduler_leader 0\n"), "{answer}");
    assert!(answer.contains("rad_events_pending 3\n"), "{answer}");
    assert!(get(address, "/healthz").await.ends_with("\r\n\r\nok\n"));
    assert!(get(address, "/other").await.starts_with("HTTP/1.1 404"));
    shutdown.cancel();
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
