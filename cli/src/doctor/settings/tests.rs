use super::*;
use crate::doctor::row::Status;

fn lease(seconds: &str) -> Settings {
    Settings { lease_ttl_seconds: Some(seconds.to_owned()), ..Settings::default() }
}

#[test]
fn numbers_are_judged_as_the_processes_do() {
    for (seconds, status) in [
        ("15", Status::Ok),
        ("", Status::Fail),
        (" 15 ", Status::Fail),
        ("2", Status::Ok),
        ("300", Status::Ok),
        ("1", Status::Fail),
        ("301", Status::Fail),
        ("15s", Status::Fail),
        ("-4", Status::Fail),
    ] {
        let row = lease(seconds).lease().row();
        assert_eq!(row.status, status, "{seconds:?}");
    }
    let row = lease("15s").lease().row();
    assert_eq!(row.detail, "RAD_LEASE_TTL_SECONDS is \"15s\"");
    assert!(row.fix.is_some_and(|fix| fix.contains("from 2 to 300")));
}

#[test]
fn a_number_that_can_not_be_used_counts_as_the_default() {
    assert_eq!(lease("20").lease_ttl(), Duration::from_secs(20));
    assert_eq!(lease("oops").lease_ttl(), Duration::from_secs(15));
    assert_eq!(Settings::default().slots(), 64);
    assert_eq!(Settings::default().db_connections(), None);
}

#[test]
fn networks_that_open_everything_or_credentials_are_warned_of() {
    for (networks, status) in [
        ("10.1.0.0/16, 192.168.7.1/32", Status::Ok),
        ("10.0.0.0/8,fc00::/8", Status::Ok),
        ("0.0.0.0/0", Status::Warn),
        ("10.1.0.0/16,::/0", Status::Warn),
        ("128.0.0.0/1", Status::Warn),
        ("169.254.0.0/16", Status::Warn),
        ("fc00::/7", Status::Warn),
        ("", Status::Ok),
        ("10.1.0.0/16,", Status::Ok),
        ("10.1.0.0", Status::Fail),
        ("intranet", Status::Fail),
    ] {
        assert_eq!(cidrs(Some(networks)).status, status, "{networks}");
    }
    assert_eq!(cidrs(None).status, Status::Ok);
}

#[test]
fn the_contact_must_be_a_page_of_somebody() {
    for (url, status) in [
        (None, Status::Warn),
        (Some("https://example.com/about-our-crawler"), Status::Warn),
        (Some("https://www.example.org:8443/"), Status::Warn),
        (Some("https://crawl.acme.dev/about"), Status::Ok),
        (Some("https://myexample.com/"), Status::Ok),
        (Some("mailto:me@acme.dev"), Status::Fail),
        (Some("acme"), Status::Fail),
        (Some(""), Status::Fail),
    ] {
        assert_eq!(contact(url).status, status, "{url:?}");
    }
}
