//! Every request that can't be answered is answered with its documented code, its fields and its next step.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use rad_loadtest::fleet::{Fleet, FleetOptions};
use reqwest::Method;
use serde_json::{Value, json};

use crate::plain_http::{Answer, PlainHttp};
use crate::proof::{rig, spec};

/// A bad request and what has to be said about it.
struct Case {
    what: &'static str,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    code: &'static str,
    status: u16,
    /// The fields that are named, in order.
    fields: Vec<&'static str>,
}

fn case(
    what: &'static str,
    method: Method,
    path: impl Into<String>,
    (code, status): (&'static str, u16),
) -> Case {
    let (path, headers, body, fields) = (path.into(), Vec::new(), Vec::new(), Vec::new());
    Case { what, method, path, headers, body, code, status, fields }
}

impl Case {
    fn key(self, key: &str) -> Self {
        self.header("authorization", format!("Bearer {key}"))
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn json(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }.header("content-type", "application/json")
    }

    fn names(self, fields: &[&'static str]) -> Self {
        Self { fields: fields.to_vec(), ..self }
    }

    async fn check(&self, http: &PlainHttp) -> Result<()> {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = http.send(&self.method, &self.path, &headers, self.body.clone()).await?;
        is_problem(&answer, self.code, self.status)?;
        let told = answer.json()?;
        let errors = told["errors"].as_array().cloned().unwrap_or_default();
        let named: Vec<_> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
        ensure!(named == self.fields, "names {named:?}: {told}");
        // The whole body has no name.
        let first = self.fields.first().copied().filter(|field| !field.is_empty());
        ensure!(told["field"].as_str() == first, "field: {told}");
        ensure!(
            errors.iter().all(|error| is_sentence(&error["detail"]) && is_sentence(&error["fix"])),
            "{told}"
        );
        Ok(())
    }
}

fn is_sentence(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

/// The answer is a problem document that says all that every one says.
fn is_problem(answer: &Answer, code: &str, status: u16) -> Result<()> {
    ensure!(answer.status == status, "answered {}: {}", answer.status, answer.text);
    ensure!(answer.header("content-type") == Some("application/problem+json"), "{:?}", answer.headers);
    let told = answer.json()?;
    ensure!(told["code"] == code && told["status"] == status, "{told}");
    ensure!(told["type"] == format!("/errors/{code}"), "{told}");
    ensure!(told["retryable"] == (status == 503), "{told}");
    ensure!(["title", "detail", "next_step"].into_iter().all(|name| is_sentence(&told[name])), "{told}");
    let id = answer.header("x-request-id").context("no request id")?;
    ensure!(told["request_id"] == id, "{told} answers {id}");
    Ok(())
}

/// The keys that the cases use.
struct Keys {
    member: String,
    reader: String,
    admin: String,
    revoked: String,
}

impl Keys {
    async fn make(fleet: &Fleet) -> Result<Self> {
        let operator = fleet.operator();
        let make = async |scope: &str| operator.create_key("local", &[scope.to_owned()]).await;
        let revoked = make("read").await?;
        operator.revoke_key("local", &revoked.key_id).await?;
        Ok(Self {
            member: fleet.key().to_owned(),
            reader: make("read").await?.key,
            admin: make("admin").await?.key,
            revoked: revoked.key,
        })
    }
}

/// Nobody gets in without the right key.
fn doors(keys: &Keys) -> Vec<Case> {
    let crawls = || "/api/v1/crawls";
    let mistyped = format!("{}0", &keys.member[..keys.member.len() - 1]);
    let mistyped = if mistyped == keys.member { keys.member.replace("live_", "live_0") } else { mistyped };
    vec![
        case("no key", Method::GET, crawls(), ("unauthorized", 401)),
        case("another scheme", Method::GET, crawls(), ("unauthorized", 401))
            .header("authorization", "Basic eDp5"),
        case("an empty key", Method::GET, crawls(), ("unauthorized", 401)).header("authorization", "Bearer "),
        case("a cut key", Method::GET, crawls(), ("key_malformed", 401)).key(&keys.member[..60]),
        case("a mistyped key", Method::GET, crawls(), ("key_malformed", 401)).key(&mistyped),
        case("a key of elsewhere", Method::GET, crawls(), ("key_unknown", 401)).key(FOREIGN_KEY),
        case("a revoked key", Method::GET, crawls(), ("key_revoked", 401)).key(&keys.revoked),
        case("no scope to start", Method::POST, crawls(), ("forbidden", 403)).key(&keys.reader).json("{}"),
        case("no scope to cancel", Method::POST, "/api/v1/crawls/1/cancel", ("forbidden", 403))
            .key(&keys.reader),
        case("no scope to retry", Method::POST, "/api/v1/crawls/1/retry", ("forbidden", 403))
            .key(&keys.reader),
        case("no scope to read", Method::GET, crawls(), ("forbidden", 403)).key(&keys.admin),
        case("no operator", Method::GET, "/api/v1/tenants", ("forbidden", 403)).key(&keys.member),
        case("no operator, bad body", Method::POST, "/api/v1/tenants", ("forbidden", 403))
            .key(&keys.member)
            .json("{"),
    ]
}

/// Well-formed, and made for this test only.
const FOREIGN_KEY: &str =
    "rad_live_00000000_000000000000000000000000000000000000000000000000000000000000000065f0786c";

/// Paths that lead nowhere.
fn paths(keys: &Keys) -> Vec<Case> {
    let absent = ("not_found", 404);
    let mut cases = vec![
        case("no route", Method::GET, "/api/v1/nothing", ("no_such_route", 404)),
        case("no route at the root", Method::GET, "/", ("no_such_route", 404)),
        case("a slash too many", Method::GET, "/api/v1/crawls/", ("no_such_route", 404)),
        case("wrong method", Method::DELETE, "/api/v1/crawls", ("method_not_allowed", 405)).key(&keys.member),
        case("wrong method for a probe", Method::POST, "/healthz", ("method_not_allowed", 405)),
        case("no such code", Method::GET, "/errors/nothing", absent),
        case("cancel of nothing", Method::POST, "/api/v1/crawls/999/cancel", absent).key(&keys.member),
        case("retry of nothing", Method::POST, "/api/v1/crawls/999/retry", absent).key(&keys.member),
        case("a tenant of no possible name", Method::GET, "/api/v1/tenants/A%00b", absent).key(&keys.admin),
        case("no such key", Method::DELETE, "/api/v1/tenants/local/keys/00000000", absent).key(&keys.admin),
        case("no possible key", Method::DELETE, "/api/v1/tenants/local/keys/x%00y", absent).key(&keys.admin),
        case("keys of nobody", Method::GET, "/api/v1/tenants/nobody/keys", absent).key(&keys.admin),
        case("a change of nobody", Method::PATCH, "/api/v1/tenants/nobody", absent)
            .key(&keys.admin)
            .json("{}"),
        case("a key for nobody", Method::POST, "/api/v1/tenants/nobody/keys", absent).key(&keys.admin),
    ];
    for path in [
        "crawls/999",
        "crawls/-1",
        "crawls/x",
        "crawls/99999999999999999999",
        "crawls/%00",
        "crawls/999/errors",
        "crawls/999/samples",
        "documents?crawl=999",
        "documents/999",
        "documents/x",
        "documents/999/chunks",
    ] {
        cases.push(
            case("nothing of that number", Method::GET, format!("/api/v1/{path}"), absent).key(&keys.member),
        );
    }
    cases
}

/// Bodies that are no start of a crawl.
fn bodies(keys: &Keys) -> Vec<Case> {
    let start = |what, answer| case(what, Method::POST, "/api/v1/crawls", answer).key(&keys.member);
    let media = ("unsupported_media_type", 415);
    let not_json = ("invalid_json", 400);
    let large = json!({ "url": "http://example.com/", "idempotency_key": "x".repeat(64 * 1024) });
    let mut cases = vec![
        start("nothing", media),
        start("a form", media).header("content-type", "application/x-www-form-urlencoded"),
        start("too large", ("body_too_large", 413)).json(large.to_string()),
        start("an empty body", not_json).header("content-type", "application/json"),
        start("half an object", not_json).json("{\"url\": \"http://exam"),
        start("another encoding", not_json).json(b"{\"url\": \"http://example.com/\xe9\"}".to_vec()),
        start("a pit", not_json).json("[".repeat(10_000)),
        start("an array", ("invalid_field", 422)).json("[\"http://example.com/\"]").names(&[""]),
        start("null", ("invalid_field", 422)).json("null").names(&[""]),
        start("no URL", ("missing_field", 422)).json("{\"priority\": 3}").names(&["url"]),
        start("a URL of null", ("missing_field", 422)).json("{\"url\": null}").names(&["url"]),
        start("a misspelt field", ("unknown_field", 422))
            .json("{\"url\": \"http://example.com/\", \"max_page\": 3}")
            .names(&["max_page"]),
        start("everything at once", ("unknown_field", 422))
            .json("{\"crawl\": 1, \"priority\": 11, \"scope\": {\"max_depth\": \"3\", \"deep\": 1}}")
            .names(&["scope.deep", "crawl", "url", "scope.max_depth", "priority"]),
        start("a key in the header that can't be one", ("invalid_field", 422))
            .json("{\"url\": \"http://example.com/\"}")
            .header("idempotency-key", "x".repeat(256))
            .names(&["idempotency_key"]),
        start("two different keys", ("invalid_field", 422))
            .json("{\"url\": \"http://example.com/\", \"idempotency_key\": \"a\"}")
            .header("idempotency-key", "b")
            .names(&["idempotency_key"]),
    ];
    for verdict in [json!(""), json!("No Code"), json!(7)] {
        let retry = case("no verdict", Method::POST, "/api/v1/crawls/1/retry", ("invalid_field", 422));
        let body = json!({ "verdict": verdict }).to_string();
        cases.push(retry.key(&keys.member).json(body).names(&["verdict"]));
    }
    for (field, value) in bad_values() {
        let mut body = json!({ "url": "http://example.com/" });
        let top = field.split(['.', '[']).next().unwrap_or(field);
        body[top] = value;
        cases.push(start("a bad value", ("invalid_field", 422)).json(body.to_string()).names(&[field]));
    }
    for url in ["http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/", "http://1.1.1.1:22/"] {
        let body = json!({ "url": url }).to_string();
        cases.push(start("a forbidden address", ("address_forbidden", 422)).json(body).names(&["url"]));
    }
    cases
}

fn bad_values() -> Vec<(&'static str, Value)> {
    vec![
        ("url", json!(7)),
        ("url", json!("")),
        ("url", json!("/docs")),
        ("url", json!("ftp://example.com/")),
        ("url", json!("http://user:secret@example.com/")),
        ("url", json!("http://example.com/a\nb")),
        ("url", json!(format!("http://example.com/{}", "x".repeat(9_000)))),
        ("scope", json!("host")),
        ("scope", json!(["host"])),
        ("scope.kind", json!({ "kind": "site" })),
        ("scope.kind", json!({ "kind": 1 })),
        ("scope.max_depth", json!({ "max_depth": -1 })),
        ("scope.max_depth", json!({ "max_depth": 65_536 })),
        ("scope.max_depth", json!({ "max_depth": 1.5 })),
        ("priority", json!(0)),
        ("priority", json!(11)),
        ("priority", json!("5")),
        ("priority", json!(true)),
        ("max_pages", json!(0)),
        ("max_pages", json!(-5)),
        ("max_pages", json!(1e30)),
        ("idempotency_key", json!("")),
        ("idempotency_key", json!("a\u{0}b")),
        ("idempotency_key", json!("x".repeat(256))),
        ("idempotency_key", json!(5)),
    ]
}

/// Queries and what operators may get wrong.
fn operators(keys: &Keys) -> Vec<Case> {
    let tenants = |what, answer| case(what, Method::POST, "/api/v1/tenants", answer).key(&keys.admin);
    let change = || {
        case("a bad change", Method::PATCH, "/api/v1/tenants/local", ("invalid_field", 422)).key(&keys.admin)
    };
    let scopes = || {
        case("bad scopes", Method::POST, "/api/v1/tenants/local/keys", ("invalid_field", 422))
            .key(&keys.admin)
    };
    let mut cases = vec![
        tenants("a name that is taken", ("tenant_exists", 409)).json("{\"name\": \"local\"}"),
        tenants("no name", ("missing_field", 422)).json("{}").names(&["name"]),
        tenants("nothing right", ("invalid_field", 422))
            .json("{\"name\": \"A b\", \"weight\": 0, \"max_crawlers\": 0, \"monthly_pages\": -1, \"storage_bytes\": \"1\"}")
            .names(&["name", "monthly_pages", "storage_bytes", "max_crawlers", "weight"]),
        change().json("{\"weight\": null, \"max_crawlers\": 3000000000}").names(&["max_crawlers", "weight"]),
        scopes().json("{\"scopes\": []}").names(&["scopes"]),
        scopes().json("{\"scopes\": [\"read\", \"write\"]}").names(&["scopes[1]"]),
        scopes().json("{\"scopes\": [\"read\", 3]}").names(&["scopes[1]"]),
    ];
    for (query, code, fields) in [
        ("crawls?limit=0", "invalid_field", &["limit"][..]),
        ("crawls?limit=1001", "invalid_field", &["limit"]),
        ("crawls?limit=ten", "invalid_field", &["limit"]),
        ("crawls?cursor=", "invalid_field", &["cursor"]),
        ("crawls?cursor=d0000000000000001", "invalid_field", &["cursor"]),
        ("crawls?state=done&limit=-1", "invalid_field", &["state", "limit"]),
        ("crawls?after=3", "unknown_field", &["after"]),
        ("crawls?limit=1&limit=2", "invalid_field", &["limit"]),
        ("documents?crawl=x", "invalid_field", &["crawl"]),
        ("documents?state=running", "unknown_field", &["state"]),
        ("crawls/1/errors?limit=%FF", "invalid_field", &["limit"]),
        ("documents/1/chunks?cursor=%00", "invalid_field", &["cursor"]),
    ] {
        let path = format!("/api/v1/{query}");
        cases.push(case("a bad query", Method::GET, path, (code, 422)).key(&keys.member).names(fields));
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_request_is_answered_with_its_documented_code() -> Result<()> {
    let (_folder, _web, fleet) = rig(spec(81, 5), 0).await?;
    let (http, keys) = (PlainHttp::new(&fleet)?, Keys::make(&fleet).await?);
    let mut seen = BTreeSet::new();
    for case in [doors(&keys), paths(&keys), bodies(&keys), operators(&keys)].into_iter().flatten() {
        let shown = String::from_utf8_lossy(&case.body).chars().take(200).collect::<String>();
        case.check(&http)
            .await
            .with_context(|| format!("{}: {} {} {shown}", case.what, case.method, case.path))?;
        seen.insert(case.code);
    }
    for code in &seen {
        let page = http.send(&Method::GET, &format!("/errors/{code}"), &[], Vec::new()).await?;
        ensure!(page.status == 200 && page.text.contains(code), "{code} is not explained: {page:?}");
    }
    // The others need a repeated start (api_reads) or a store that is gone (api_ready).
    ensure!(seen.len() == 16, "{} codes were provoked: {seen:?}", seen.len());
    let crawls = fleet.api().crawls(None, 10).await?;
    ensure!(crawls.is_empty(), "something was started: {crawls:?}");
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_the_name_that_its_caller_gave_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let options = FleetOptions { workers: 0, ..FleetOptions::for_test(folder.path()) };
    let fleet = Fleet::start(options).await?;
    let http = PlainHttp::new(&fleet)?;
    let named = http.send(&Method::GET, "/nothing", &[("x-request-id", "ticket-7")], Vec::new()).await?;
    ensure!(named.json()?["request_id"] == "ticket-7", "{named:?}");
    let made = http.send(&Method::GET, "/nothing", &[("x-request-id", "two words")], Vec::new()).await?;
    ensure!(made.header("x-request-id").is_some_and(|id| id.len() == 32), "{made:?}");
    let fine = http.send(&Method::GET, "/healthz", &[("x-request-id", "ticket-8")], Vec::new()).await?;
    ensure!(fine.status == 200 && fine.header("x-request-id") == Some("ticket-8"), "{fine:?}");
    let other = http.send(&Method::PUT, "/api/v1/crawls", &[], Vec::new()).await?;
    let allowed: BTreeSet<_> = other.header("allow").context("no Allow")?.split(',').collect();
    ensure!(allowed == BTreeSet::from(["GET", "HEAD", "POST"]), "{allowed:?}");
    fleet.stop().await?;
    Ok(())
}
