//! The 80 ways to make a crawler contact what it must not, each tried at every entrance that it fits.
//!
//! The test runs once more in a network namespace of its own, in which every address of the Internet is delivered to
//! this machine. What is contacted is counted by listeners there, not by our code: a request that slips through
//! arrives, whatever address it went to.

mod names;
mod table;
mod witness;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;

use rad_core::address::AddressPolicy;
use rad_core::retry::FailureClass;
use rad_core::url::CanonicalUrl;

use super::*;
use crate::fetch::{RobotsFetch, RobotsQuest};
use table::{ADDRESSES, Expected, TEXTS};
use witness::{PUBLIC, Witness, line};

/// Set in the namespace.
const INSIDE: &str = "RAD_TEST_INSIDE_NAMESPACE";

/// Every address is local there, so every connection arrives.
const ANY_ADDRESS: &str = "ip link set lo up && ip route add local default dev lo && \
                           ip -6 route add local default dev lo && exec \"$0\" \"$@\"";

#[test]
fn no_vector_reaches_its_target_at_any_entrance() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        return runtime.block_on(all_vectors());
    }
    let possible = Command::new("unshare").args(["-rn", "ip", "link"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no network namespace can be made here");
        return;
    }
    let name = concat!(module_path!(), "::no_vector_reaches_its_target_at_any_entrance");
    let name = name.split_once("::").unwrap().1;
    let output = Command::new("unshare")
        .args(["-rn", "sh", "-c", ANY_ADDRESS])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        // Vector 73: proxies of the environment are not asked.
        .envs([("HTTP_PROXY", "http://203.0.113.9:80"), ("ALL_PROXY", "http://203.0.113.9:80")])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

async fn all_vectors() {
    let witness = Witness::start().await;
    let names = names::serve().await;
    let addresses = AddressPolicy::public_only().without(vec![IpAddr::V4(Ipv4Addr::new(93, 184, 216, 99))]);
    let limits = FetchConfig { name_servers: Some(vec![names]), addresses, ..config("") };
    let world = World { fetcher: Fetcher::new(limits).unwrap(), witness, cookies: Cookies::default() };
    world.what_is_public_is_reached().await;
    for (vector, targets) in ADDRESSES {
        for target in *targets {
            world.address(*vector, target.parse().unwrap()).await;
        }
    }
    for (vector, text, expected) in TEXTS {
        world.text(*vector, text, *expected).await;
    }
    world.an_answer_that_changes_is_judged_each_time().await;
    world.answers_that_cannot_be_judged_are_failures_to_resolve().await;
    world.a_redirect_carries_no_secret_and_ends().await;
    world.witness.assert_only_public();
}

struct World {
    fetcher: Fetcher,
    witness: Witness,
    cookies: Cookies,
}

impl World {
    /// The control: without it, a witness that hears nothing would prove nothing.
    async fn what_is_public_is_reached(&self) {
        for url in [format!("http://{PUBLIC}/"), names::of(PUBLIC.into())] {
            assert!(matches!(self.get(&url).await, Ok(Fetched::Page(_))), "{url}");
        }
        assert_eq!(self.witness.contacts(), 2, "the listeners hear what arrives");
    }

    async fn get(&self, url: &str) -> Result<Fetched, FetchError> {
        let url = CanonicalUrl::parse(url).unwrap();
        self.fetcher.get(&url, &Conditional::default(), Duration::ZERO, &self.cookies, &|_| true).await
    }

    /// Follows a redirect to another host, as the task that it becomes.
    async fn pursue(&self, url: &str) -> Result<Fetched, FetchError> {
        match self.get(url).await? {
            Fetched::Redirect { to, .. } => self.get(to.as_str()).await,
            other => Ok(other),
        }
    }

    /// One address as seed, by name, behind a redirect, and as the place of a robots.txt.
    async fn address(&self, vector: u8, ip: IpAddr) {
        let literal = format!("http://{}/", SocketAddr::new(ip, 80));
        let named = names::of(ip);
        for target in [literal, named] {
            let what = format!("vector {vector}: {target}");
            Self::refused(&what, ip, self.pursue(&target).await);
            self.witness.redirect_to(&target);
            let origin = format!("http://{PUBLIC}/redirect");
            Self::refused(&format!("redirect of {what}"), ip, self.pursue(&origin).await);
            let origin = CanonicalUrl::parse(&origin).unwrap().host_key();
            let mut robots = self.fetcher.robots(RobotsQuest::of(&origin), Duration::ZERO).await;
            if let RobotsFetch::Elsewhere(quest) = robots {
                robots = self.fetcher.robots(quest, Duration::ZERO).await;
            }
            assert_eq!(
                robots,
                RobotsFetch::Unreachable { failure: FailureClass::Forbidden },
                "robots of {what}"
            );
            self.witness.serve_pages();
        }
        self.witness.assert_only_public();
    }

    fn refused(what: &str, ip: IpAddr, fetched: Result<Fetched, FetchError>) {
        let error = fetched.expect_err(what);
        assert_eq!(error.failure(), FailureClass::Forbidden, "{what}: {error:?}");
        assert!(!error.failure().is_retryable());
        assert!(!error.to_string().contains(&ip.to_string()), "{what}: {error}");
    }

    async fn text(&self, vector: u8, text: &str, expected: Expected) {
        let parsed = CanonicalUrl::parse(text);
        match expected {
            Expected::Invalid => assert!(parsed.is_err(), "vector {vector}: {text:?} is {parsed:?}"),
            Expected::Refused => {
                let url = parsed.unwrap_or_else(|error| panic!("vector {vector}: {text:?}: {error}"));
                let error = self.get(url.as_str()).await.expect_err(text);
                assert_eq!(error.failure(), FailureClass::Forbidden, "vector {vector}: {text:?}: {error:?}");
                self.witness.redirect_to(url.as_str());
                let error = self.pursue(&format!("http://{PUBLIC}/redirect")).await.expect_err(text);
                assert_eq!(error.failure(), FailureClass::Forbidden, "vector {vector}: redirect to {text:?}");
                self.witness.serve_pages();
            }
            Expected::Public => {
                let fetched = self.pursue(text).await;
                assert!(matches!(fetched, Ok(Fetched::Page(_))), "vector {vector}: {text:?}: {fetched:?}");
            }
        }
        self.witness.assert_only_public();
    }

    /// Vectors 50 and 55.
    async fn an_answer_that_changes_is_judged_each_time(&self) {
        assert!(matches!(self.get("http://rebind.vectors.com/").await, Ok(Fetched::Page(_))));
        let error = self.get("http://rebind.vectors.com/").await.unwrap_err();
        assert_eq!(error.failure(), FailureClass::Forbidden, "{error:?}");
    }

    /// Vector 54.
    async fn answers_that_cannot_be_judged_are_failures_to_resolve(&self) {
        for name in ["servfail", "many", "aliases", "silent"] {
            let error = self.get(&format!("http://{name}.vectors.com/")).await.unwrap_err();
            // A silent server may use up the time of the connection.
            let expected = [FailureClass::Dns, FailureClass::Connect];
            assert!(expected.contains(&error.failure()), "{name}: {error:?}");
            assert!(error.failure().is_retryable());
        }
    }

    /// Vectors 66 to 68.
    async fn a_redirect_carries_no_secret_and_ends(&self) {
        for (to, failure) in [
            ("file:///etc/passwd", FailureClass::Forbidden),
            ("http://user:secret@elsewhere.vectors.com/", FailureClass::Forbidden),
            ("/redirect", FailureClass::TooManyRedirects),
        ] {
            self.witness.redirect_to(to);
            let error = self.get(&format!("http://{PUBLIC}/redirect")).await.unwrap_err();
            assert_eq!(error.failure(), failure, "{to}");
        }
        self.witness.serve_pages();
        let heads = self.witness.heads();
        for header in ["authorization", "proxy-authorization", "referer"] {
            assert!(heads.iter().all(|head| line(head, header).is_none()), "{header}");
        }
        // All was one crawl, and every server set a cookie with its own name.
        let cookies = heads.iter().filter_map(|head| Some((line(head, "cookie")?, line(head, "host")?)));
        let cookies: Vec<_> = cookies.collect();
        assert!(cookies.len() > 10, "{}", cookies.len());
        assert!(cookies.iter().all(|(cookie, host)| *cookie == format!("of={host}")), "{cookies:?}");
    }
}
