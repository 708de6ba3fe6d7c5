//! What was crawled can be read page by page: everything, once, and by its own tenant only.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use rad_core::ids::JobId;
use rad_loadtest::client::StartRequest;
use rad_loadtest::fleet::Fleet;
use reqwest::Method;
use serde_json::{Value, json};

use crate::plain_http::{Answer, PlainHttp};
use crate::proof::{WITHIN, reader, rig, spec};

/// The path of the next page, from the header; it must say the same as the body.
fn next_page(answer: &Answer) -> Result<Option<String>> {
    let cursor = answer.json()?["next_cursor"].as_str().map(str::to_owned);
    let Some(link) = answer.header("link") else {
        ensure!(cursor.is_none(), "a cursor without a link: {}", answer.text);
        return Ok(None);
    };
    let path = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\""));
    let path = path.with_context(|| format!("the link is {link}"))?;
    let cursor = cursor.context("a link without a cursor")?;
    ensure!(path.ends_with(&format!("cursor={cursor}")), "{link} and {cursor}");
    Ok(Some(path.to_owned()))
}

/// All entries of a listing, by following its links, `most` at a time.
async fn all(http: &PlainHttp, key: &str, listing: &str, most: usize) -> Result<Vec<Value>> {
    let sign = if listing.contains('?') { '&' } else { '?' };
    let mut next = Some(format!("{listing}{sign}limit={most}"));
    let mut entries = Vec::new();
    while let Some(path) = next {
        let answer = http.get(key, &path).await?;
        let body = answer.expect(200)?;
        let data = body["data"].as_array().context("no data")?;
        ensure!(!data.is_empty() || entries.is_empty(), "{path}: an empty page after others");
        next = next_page(&answer)?;
        ensure!(
            data.len() <= most && (next.is_none() || data.len() == most),
            "{path}: {} entries",
            data.len()
        );
        entries.extend(data.iter().cloned());
    }
    Ok(entries)
}

/// The values of `field`, none twice.
fn distinct(entries: &[Value], field: &str) -> Result<BTreeSet<String>> {
    let values: BTreeSet<_> = entries.iter().map(|entry| entry[field].to_string()).collect();
    ensure!(
        values.len() == entries.len(),
        "{} of {} have a {field} of their own",
        values.len(),
        entries.len()
    );
    Ok(values)
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_errors_and_chunks_are_listed_completely_and_once() -> Result<()> {
    let (_folder, web, fleet) = rig(spec(82, 150), 2).await?;
    let started = fleet.api().start(&StartRequest::new(web.url())).await?;
    let ended = fleet.wait_crawl(started.id, WITHIN, |_| ()).await?;
    let (http, key) = (PlainHttp::new(&fleet)?, fleet.key());
    let stored = reader(&fleet).await?.document_contents(fleet.tenant()).await?;

    let urls: BTreeSet<_> = stored.iter().map(|(url, _)| json!(url).to_string()).collect();
    for listing in ["/api/v1/documents".to_owned(), format!("/api/v1/documents?crawl={}", ended.id)] {
        let documents = all(&http, key, &listing, 7).await?;
        ensure!(distinct(&documents, "url")? == urls, "{listing} is not what is stored");
        distinct(&documents, "document_id")?;
    }
    errors_are_complete(&http, key, ended.id, ended.counts.skipped + ended.counts.failed).await?;
    for document in all(&http, key, "/api/v1/documents", 1_000).await?.iter().take(5) {
        document_is_whole(&http, key, document, ended.id).await?;
    }
    // A second crawl finds all of it unchanged: its documents are the same ones.
    let again = fleet.api().start(&StartRequest::new(web.url())).await?;
    let again = fleet.wait_crawl(again.id, WITHIN, |_| ()).await?;
    ensure!(again.counts.unchanged > 0, "{:?}", again.counts);
    let documents = all(&http, key, &format!("/api/v1/documents?crawl={}", again.id), 7).await?;
    ensure!(distinct(&documents, "url")? == urls, "the second crawl does not have the documents");
    others_see_nothing(&fleet, &http, ended.id, &documents[0]["document_id"]).await?;
    fleet.stop().await?;
    Ok(())
}

async fn errors_are_complete(http: &PlainHttp, key: &str, crawl: i64, expected: i64) -> Result<()> {
    let errors = all(http, key, &format!("/api/v1/crawls/{crawl}/errors"), 2).await?;
    ensure!(i64::try_from(errors.len())? == expected, "{} errors of {expected}", errors.len());
    ensure!(expected > 2, "a site without errors proves nothing");
    distinct(&errors, "url")?;
    for error in &errors {
        ensure!(error["state"] == "skipped" || error["state"] == "failed", "{error}");
        ensure!(error["verdict"].as_str().is_some_and(|verdict| !verdict.is_empty()), "{error}");
        ensure!(error["attempts"].is_i64(), "{error}");
        ensure!(error["ended_at"].as_str().is_some_and(is_time), "{error}");
    }
    Ok(())
}

/// RFC 3339 in UTC, to the second.
fn is_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    shape == "9999-99-99T99:99:99Z"
}

async fn document_is_whole(http: &PlainHttp, key: &str, row: &Value, crawl: i64) -> Result<()> {
    let path = format!("/api/v1/documents/{}", row["document_id"]);
    let document = http.get(key, &path).await?.expect(200)?;
    for (field, value) in row.as_object().context("a row is an object")? {
        ensure!(document[field] == *value, "{field} of {document}");
    }
    ensure!(document["crawl"] == crawl && document["fetched_at"].as_str().is_some_and(is_time), "{document}");
    ensure!(document["content_hash"].as_str().is_some_and(|hash| hash.len() == 32), "{document}");
    ensure!(document["raw_bytes"].as_i64().is_some_and(|bytes| bytes > 0), "{document}");
    let markdown = document["markdown"].as_str().context("no Markdown")?;
    let chunks = all(http, key, &format!("{path}/chunks"), 2).await?;
    ensure!(document["chunk_count"] == chunks.len(), "{} chunks of {document}", chunks.len());
    distinct(&chunks, "chunk_id")?;
    for (place, chunk) in chunks.iter().enumerate() {
        ensure!(chunk["ordinal"] == place, "{chunk} at {place}");
        let offset = |name: &str| -> Result<usize> {
            Ok(usize::try_from(chunk[name].as_i64().context("no offset")?)?)
        };
        let (start, end) = (offset("start_byte")?, offset("end_byte")?);
        ensure!(start < end && markdown.get(start..end).is_some(), "{chunk} is not of the document");
    }
    Ok(())
}

/// What belongs to one tenant does not exist for another.
async fn others_see_nothing(fleet: &Fleet, http: &PlainHttp, crawl: i64, document: &Value) -> Result<()> {
    fleet.create_tenant("other", None).await?;
    let scopes = ["read", "crawl"].map(str::to_owned);
    let other = fleet.operator().create_key("other", &scopes).await?.key;
    for path in [
        format!("/api/v1/crawls/{crawl}"),
        format!("/api/v1/crawls/{crawl}/errors"),
        format!("/api/v1/crawls/{crawl}/samples"),
        format!("/api/v1/documents?crawl={crawl}"),
        format!("/api/v1/documents/{document}"),
        format!("/api/v1/documents/{document}/chunks"),
    ] {
        let own = http.get(fleet.key(), &path).await?;
        ensure!(own.status == 200, "{path}: {own:?}");
        let told = http.get(&other, &path).await?.expect(404)?;
        ensure!(told["code"] == "not_found", "{path}: {told}");
    }
    let cancel = http.post(&other, &format!("/api/v1/crawls/{crawl}/cancel"), &[], &json!({})).await?;
    ensure!(cancel.status == 404, "{cancel:?}");
    for listing in ["/api/v1/crawls", "/api/v1/documents"] {
        ensure!(all(http, &other, listing, 10).await?.is_empty(), "{listing} of another tenant");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn crawls_are_listed_newest_first_and_by_the_state_that_they_show() -> Result<()> {
    // Without workers, nothing ends by itself.
    let (_folder, web, fleet) = rig(spec(83, 5), 0).await?;
    let (http, key) = (PlainHttp::new(&fleet)?, fleet.key());
    let mut ids = Vec::new();
    for number in 0..7 {
        let url = format!("{}{number}", web.url());
        ids.insert(0, fleet.api().start(&StartRequest::new(url)).await?.id);
    }
    let listed =
        |crawls: &[Value]| crawls.iter().filter_map(|crawl| crawl["id"].as_i64()).collect::<Vec<_>>();
    ensure!(listed(&all(&http, key, "/api/v1/crawls", 3).await?) == ids, "not the newest first");
    for id in [ids[1], ids[4]] {
        fleet.api().cancel(id).await?;
    }
    let of = async |state: &str| -> Result<Vec<i64>> {
        let crawls = all(&http, key, &format!("/api/v1/crawls?state={state}"), 2).await?;
        ensure!(crawls.iter().all(|crawl| crawl["state"] == state), "{state}: {crawls:?}");
        Ok(listed(&crawls))
    };
    let open = vec![ids[0], ids[2], ids[3], ids[5], ids[6]];
    ensure!(of("cancelled").await? == [ids[1], ids[4]], "cancelled");
    ensure!(of("running").await? == open && of("paused").await?.is_empty(), "running");
    // A tenant without room has its running crawls paused, and nothing else changes.
    fleet.limit_pages(fleet.tenant(), Some(0)).await?;
    ensure!(of("paused").await? == open && of("running").await?.is_empty(), "paused");
    ensure!(of("completed").await?.is_empty() && of("cancelled").await?.len() == 2, "ended ones");
    let paused = http.get(key, &format!("/api/v1/crawls/{}", ids[0])).await?.expect(200)?;
    ensure!(paused["state"] == "paused" && paused["pause"]["limit"] == "monthly_pages", "{paused}");
    ensure!(paused["pause"]["resumes_at"].is_null(), "no month has room for it: {paused}");
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_is_repeated_under_its_key_and_refused_when_it_differs() -> Result<()> {
    let (_folder, web, fleet) = rig(spec(84, 5), 0).await?;
    let (http, key, path) = (PlainHttp::new(&fleet)?, fleet.key(), "/api/v1/crawls");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let header = [("idempotency-key", "k-1"), ("traceparent", parent.as_str()), ("x-request-id", "ticket-9")];
    let body = json!({ "url": web.url(), "max_pages": 9, "scope": { "kind": "path" } });
    let first = http.post(key, path, &header, &body).await?;
    let started = first.expect(201)?;
    ensure!(first.header("location") == Some(&format!("{path}/{}", started["id"])), "{first:?}");
    ensure!(started["trace_id"] == trace && started["priority"] == 5, "{started}");
    ensure!(started["scope"] == json!({ "kind": "path", "max_depth": null }), "{started}");
    // The same request, its key in the body now and what is default written out.
    let same = json!({ "url": web.url(), "max_pages": 9, "idempotency_key": "k-1", "priority": 5,
        "scope": { "kind": "path", "max_depth": null } });
    let again = http.post(key, path, &[], &same).await?.expect(200)?;
    ensure!(again["id"] == started["id"] && again["trace_id"] == trace, "{again}");
    for (field, value) in [
        ("url", json!(format!("{}other", web.url()))),
        ("max_pages", json!(10)),
        ("priority", json!(6)),
        ("scope", json!({ "kind": "host" })),
    ] {
        let mut other = body.clone();
        other[field] = value;
        let told = http.post(key, path, &header, &other).await?.expect(422)?;
        ensure!(told["code"] == "idempotency_mismatch" && told["retryable"] == false, "{field}: {told}");
    }
    ensure!(all(&http, key, path, 10).await?.len() == 1, "one crawl was started");
    let log = std::fs::read_to_string(fleet.dir().join("logs/scheduler-1.log"))?;
    let lines: Vec<_> = log.lines().filter(|line| line.contains("crawl accepted")).collect();
    let (tenant, job) =
        (format!("\"tenant.id\":{}", fleet.tenant()), format!("\"job.id\":{}", started["id"]));
    let told = [trace, "ticket-9", &tenant, &job].iter().all(|part| lines[0].contains(part));
    ensure!(lines.len() == 1 && told, "{lines:?}");
    fleet.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_page_through_tenants_and_a_revoked_key_stays_out() -> Result<()> {
    let (_folder, _web, fleet) = rig(spec(85, 5), 0).await?;
    let (http, operator) = (PlainHttp::new(&fleet)?, fleet.operator());
    let admin = operator.create_key("local", &["admin".to_owned(), "read".to_owned()]).await?;
    for name in ["acme", "beta", "gamma"] {
        let made =
            http.post(&admin.key, "/api/v1/tenants", &[], &json!({ "name": name, "weight": 2 })).await?;
        let made = made.expect(201)?;
        ensure!(made["name"] == name && made["weight"] == 2 && made["monthly_pages"].is_null(), "{made}");
    }
    let names = distinct(&all(&http, &admin.key, "/api/v1/tenants", 1).await?, "name")?;
    ensure!(
        ["\"acme\"", "\"beta\"", "\"gamma\"", "\"local\""].iter().all(|name| names.contains(*name)),
        "{names:?}"
    );
    // No body: the scopes that most keys have.
    let bearer = format!("Bearer {}", admin.key);
    let bare = [("authorization", bearer.as_str())];
    let made = http.send(&Method::POST, "/api/v1/tenants/acme/keys", &bare, Vec::new()).await?;
    ensure!(made.header("cache-control") == Some("no-store"), "{made:?}");
    let made = made.expect(201)?;
    ensure!(made["scopes"] == json!(["read", "crawl"]), "{made}");
    let key = made["key"].as_str().context("no key")?;
    let own = http.get(key, "/api/v1/tenant").await?.expect(200)?;
    ensure!(
        own["name"] == "acme" && own["limits"].as_array().is_some_and(|limits| limits.len() == 4),
        "{own}"
    );
    let path = format!("/api/v1/tenants/acme/keys/{}", made["key_id"].as_str().context("no id")?);
    let revoked = http.send(&Method::DELETE, &path, &bare, Vec::new()).await?.expect(200)?;
    let twice = http.send(&Method::DELETE, &path, &bare, Vec::new()).await?.expect(200)?;
    ensure!(revoked == twice, "{revoked} and {twice}");
    ensure!(http.get(key, "/api/v1/tenant").await?.expect(401)?["code"] == "key_revoked", "still accepted");
    workers_and_health(&fleet, &http, &admin.key).await?;
    fleet.stop().await?;
    Ok(())
}

async fn workers_and_health(fleet: &Fleet, http: &PlainHttp, admin: &str) -> Result<()> {
    let db = reader(fleet).await?;
    let guest = db.register_worker("guest", 3, "default", Some("10.0.0.7:9464".parse()?)).await?;
    db.report_worker(guest, "alive", 1, Some(JobId(7))).await?;
    let worker = http.get(fleet.key(), "/api/v1/workers").await?.expect(200)?["data"][0].clone();
    ensure!(worker["worker_id"] == "guest" && worker["slots"] == 3 && worker["busy"] == 1, "{worker}");
    ensure!(worker["version_skew"] == false && worker["state"] == "alive", "{worker}");
    ensure!(worker["metrics_address"].is_null() && worker["current_job"].is_null(), "a tenant sees {worker}");
    let worker = http.get(admin, "/api/v1/workers").await?.expect(200)?["data"][0].clone();
    ensure!(worker["metrics_address"] == "10.0.0.7:9464" && worker["current_job"] == 7, "{worker}");
    let health = http.get(admin, "/api/v1/health").await?.expect(200)?;
    ensure!(["postgres", "redis", "dispatch", "leader"].iter().all(|part| health[*part] == true), "{health}");
    ensure!(health["workers_alive"] == 1 && health["schema_version"].is_i64(), "{health}");
    Ok(())
}
