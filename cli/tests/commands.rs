//! Every command that asks a fleet, as a process against real ones, with its exit codes.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test, wherever it is missed")]

#[path = "commands/rig.rs"]
mod rig;

use serde_json::Value;

use rig::{PAGES, Rig, id};

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_work_against_a_fleet() {
    let rig = Rig::start().await;
    let crawl = crawls(&rig).await;
    statuses(&rig, crawl).await;
    documents(&rig, crawl).await;
    crawls_that_do_not_end(&rig).await;
    crawls_that_store_nothing(&rig).await;
    callers(&rig).await;
    operators(&rig).await;
    quota(&rig).await;
    refusals(&rig).await;
    metrics(&rig).await;
    rig.stop().await;
}

/// Returns the number of a crawl that stored the whole site.
async fn crawls(rig: &Rig) -> i64 {
    let url = rig.web.url();
    let done = rig.rad(&["crawl", &url, "--priority", "8", "--max-depth", "40", "--scope", "path"]).await;
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.contains("completed after") && done.out.contains("  stored "), "{done:?}");
    assert!(done.err.contains("rad docs --crawl "), "{done:?}");

    let crawl = id(&rig.rad(&["status", "--json"]).await.object());

    let again = rig.rad(&["crawl", &url, "--json"]).await;
    assert_eq!(again.code, 0, "{again:?}");
    let again = again.object();
    assert_eq!((&again["outcome"], &again["crawl"]["state"]), (&"completed".into(), &"completed".into()));
    let counts = &again["crawl"]["counts"];
    assert_eq!(counts["unchanged"].as_u64().unwrap() + counts["failed"].as_u64().unwrap(), u64::from(PAGES));

    let start = ["crawl", &url, "--no-follow", "--max-pages", "9", "--idempotency-key", "once"];
    let first = rig.rad(&start).await;
    assert_eq!((first.code, &rig.rad(&start).await.out), (0, &first.out));
    let number = first.out.trim();
    let followed = rig.rad(&["status", number, "--follow", "--json"]).await;
    assert_eq!(
        (followed.code, id(&followed.object()["crawl"])),
        (0, number.parse().unwrap()),
        "{followed:?}"
    );
    let other = rig.rad(&["crawl", &url, "--no-follow", "--idempotency-key", "once", "--json"]).await;
    assert_eq!(other.code, 2, "the key with another request: {other:?}");
    crawl
}

async fn statuses(rig: &Rig, crawl: i64) {
    let table = rig.rad(&["status"]).await;
    let lines: Vec<_> = table.out.lines().collect();
    assert_eq!((table.code, lines.len()), (0, 4), "{table:?}");
    assert!(lines[0].trim_start().starts_with("ID  STATE") && lines[3].contains("completed"), "{table:?}");
    let newest = rig.rad(&["status", "--limit", "2", "--json"]).await;
    assert!(newest.err.contains("The first 2"), "{newest:?}");
    let newest = newest.objects();
    assert!(newest.len() == 2 && id(&newest[0]) > id(&newest[1]) && id(&newest[1]) > crawl, "{newest:?}");

    let number = crawl.to_string();
    let one = rig.rad(&["status", &number]).await;
    assert!(one.code == 0 && one.out.contains("  stored "), "{one:?}");
    let one = rig.rad(&["status", &number, "--json"]).await.object();
    assert_eq!((id(&one), &one["priority"], &one["scope"]["kind"]), (crawl, &8.into(), &"path".into()));

    let failed = one["counts"]["failed"].as_u64().unwrap();
    assert!(failed > 0, "the site has broken links: {one}");
    let errors = rig.rad(&["status", &number, "--errors", "--limit", "1000", "--json"]).await.objects();
    assert_eq!(u64::try_from(errors.len()).unwrap(), failed);
    assert!(errors.iter().all(|error| error["state"] == "failed"), "{errors:?}");
    let errors = rig.rad(&["status", &number, "--errors"]).await;
    assert!(errors.code == 0 && errors.out.starts_with("STATE   REASON"), "{errors:?}");
}

async fn documents(rig: &Rig, crawl: i64) {
    let number = crawl.to_string();
    let all = rig.rad(&["docs", "--crawl", &number, "--json"]).await.objects();
    let stored = rig.rad(&["status", &number, "--json"]).await.object()["counts"]["stored"].clone();
    assert_eq!(stored, all.len());
    let table = rig.rad(&["docs", "--limit", "3"]).await;
    assert_eq!((table.code, table.out.lines().count()), (0, 4), "{table:?}");
    assert!(table.err.contains("The first 3"), "{table:?}");

    let document = all[0]["document_id"].to_string();
    let shown = rig.rad(&["docs", &document]).await;
    assert!(shown.code == 0 && shown.out.contains(all[0]["url"].as_str().unwrap()), "{shown:?}");
    let shown = rig.rad(&["docs", &document, "--json"]).await.object();
    assert_eq!((&shown["url"], &shown["crawl"]), (&all[0]["url"], &crawl.into()));
    let markdown = rig.rad(&["docs", &document, "--markdown"]).await;
    assert_eq!(Value::from(markdown.out), shown["markdown"]);

    let chunks = rig.rad(&["docs", &document, "--chunks", "--json"]).await.objects();
    assert_eq!(all[0]["chunk_count"], chunks.len());
    let text = rig.rad(&["docs", &document, "--chunks"]).await;
    assert!(text.code == 0 && text.out.starts_with("Chunk 0: "), "{text:?}");
    assert_eq!(rig.rad(&["docs", "999999999"]).await.code, 1);
}

async fn crawls_that_do_not_end(rig: &Rig) {
    let hold = rig.web.hold("/");
    let late = rig.rad(&["crawl", &rig.web.url(), "--timeout", "1", "--json"]).await;
    assert_eq!((late.code, &late.object()["outcome"]), (124, &"timed_out".into()), "{late:?}");
    let number = id(&late.object()["crawl"]).to_string();
    assert!(late.err.contains(&format!("rad cancel {number}")), "{late:?}");

    let left = rig.interrupted(&["status", &number, "--follow"]).await;
    assert_eq!(left.code, 130, "{left:?}");
    let left = rig.interrupted(&["crawl", &rig.web.url()]).await;
    assert!(left.code == 130 && left.err.contains("The crawl goes on"), "{left:?}");

    let ended = rig.rad(&["cancel", &number, "--json"]).await;
    assert_eq!((ended.code, &ended.object()["state"]), (0, &"cancelled".into()), "{ended:?}");
    let ended = rig.rad(&["cancel", &number]).await;
    assert!(ended.code == 0 && ended.out.contains(": cancelled after"), "{ended:?}");
    let refused = rig.rad(&["retry", &number]).await;
    assert!(refused.code == 1 && refused.err.contains("was cancelled"), "{refused:?}");
    hold.release();
}

async fn crawls_that_store_nothing(rig: &Rig) {
    let missing = format!("{}no-such-page", rig.web.url());
    let nothing = rig.rad(&["crawl", &missing]).await;
    assert!(nothing.code == 5 && nothing.err.contains("--errors"), "{nothing:?}");
    let number = id(&rig.rad(&["status", "--limit", "1", "--json"]).await.objects()[0]).to_string();
    let other = rig.rad(&["retry", &number, "--verdict", "poison"]).await;
    assert!(other.code == 0 && other.err.contains("No URL failed so"), "{other:?}");
    let again = rig.rad(&["retry", &number, "--json"]).await;
    assert_eq!((again.code, &again.object()["reopened"]), (0, &1.into()), "{again:?}");
}

async fn callers(rig: &Rig) {
    let workers = rig.rad(&["workers"]).await;
    assert!(workers.code == 0 && workers.out.contains("crawler-1"), "{workers:?}");
    let workers = rig.rad(&["workers", "--json"]).await.objects();
    assert_eq!((&workers[0]["state"], &workers[0]["metrics_address"]), (&"alive".into(), &Value::Null));

    let whoami = rig.rad(&["whoami"]).await;
    assert!(whoami.code == 0 && whoami.out.starts_with("Tenant local"), "{whoami:?}");
    let whoami = rig.rad(&["whoami", "--json"]).await.object();
    let limits: Vec<_> = whoami["limits"].as_array().unwrap().iter().map(|limit| &limit["limit"]).collect();
    assert_eq!(limits, ["monthly_pages", "monthly_tokens", "storage_bytes", "max_crawlers"]);
}

async fn operators(rig: &Rig) {
    let owner = rig.fleet.owner_url();
    let create = ["keys", "create", "operator", "--scopes", "admin,read", "--quiet", "--database", &owner];
    let admin = rig.rad(&create).await;
    assert!(admin.code == 0 && admin.err.contains("not shown again"), "{admin:?}");
    let admin = admin.out.trim();

    // Both ways show the same.
    for (way, value, name) in [("--database", owner.as_str(), "by-owner"), ("--key", admin, "by-key")] {
        let made =
            rig.rad(&["tenants", "create", name, "--storage-bytes", "10GB", "--json", way, value]).await;
        assert_eq!(made.object()["storage_bytes"], 10_000_000_000_u64, "{made:?}");
        assert_eq!(rig.rad(&["tenants", "create", name, way, value]).await.code, 1, "{name} is there");
        let change =
            ["tenants", "set", name, "--storage-bytes", "none", "--weight", "3", "--json", way, value];
        let changed = rig.rad(&change).await.object();
        assert_eq!((&changed["storage_bytes"], &changed["weight"]), (&Value::Null, &3.into()));
        let shown = rig.rad(&["tenants", "show", name, "--json", way, value]).await;
        assert_eq!(shown.object(), changed);
        let shown = rig.rad(&["tenants", "list", way, value]).await;
        assert!(shown.code == 0 && shown.out.contains(name), "{shown:?}");
        keys(rig, &[way, value], name).await;
        let sample = rig.rad(&["tenants", "sample", "--json", way, value]).await.object();
        assert_eq!(sample["tenant"]["monthly_pages"], 1_000);
        let sample = rig.rad(&["tenants", "sample", "--quiet", way, value]).await;
        let whoami = rig.rad(&["whoami", "--json", "--key", sample.out.trim()]).await.object();
        assert!(whoami["name"].as_str().unwrap().starts_with("sample-"), "{whoami}");
        let invalid = rig.rad(&["tenants", "create", "No such name!", way, value]).await;
        assert_eq!(invalid.code, 2, "{invalid:?}");
    }
}

/// A key is made, listed, used and revoked.
async fn keys(rig: &Rig, way: &[&str], tenant: &str) {
    let made = rig.rad(&[&["keys", "create", tenant, "--json"], way].concat()).await.object();
    assert_eq!(made["scopes"], serde_json::json!(["read", "crawl"]));
    let (key, key_id) = (made["key"].as_str().unwrap(), made["key_id"].as_str().unwrap());
    assert_eq!(rig.rad(&["whoami", "--key", key]).await.code, 0);
    let forbidden = rig.rad(&["tenants", "list", "--key", key]).await;
    assert!(forbidden.code == 3 && forbidden.err.contains("forbidden"), "{forbidden:?}");

    let listed = rig.rad(&[&["keys", "list", tenant], way].concat()).await;
    assert!(listed.out.contains(key_id) && !listed.out.contains(key), "{listed:?}");
    let revoked = rig.rad(&[&["keys", "revoke", tenant, key_id, "--json"], way].concat()).await.object();
    let listed = rig.rad(&[&["keys", "list", tenant, "--json"], way].concat()).await.objects();
    assert_eq!(
        (&listed[0]["key_id"], &listed[0]["revoked_at"]),
        (&revoked["key_id"], &revoked["revoked_at"])
    );
    let refused = rig.rad(&["whoami", "--key", key]).await;
    assert!(refused.code == 3 && refused.err.contains("key_revoked"), "{refused:?}");
    let missing = rig.rad(&[&["keys", "revoke", tenant, "00000000"], way].concat()).await;
    assert_eq!(missing.code, 1, "{missing:?}");
}

/// Operators learn where each process serves its metrics.
async fn metrics(rig: &Rig) {
    assert_eq!(rig.fleet.metrics_urls().len(), 1);
    let admin = ["keys", "create", "operator", "--scopes", "admin,read", "--quiet"];
    let admin = rig.rad(&[&admin[..], &["--database", &rig.fleet.owner_url()]].concat()).await.out;
    let workers = rig.rad(&["workers", "--json", "--key", admin.trim()]).await.objects();
    let urls = rig.fleet.worker_metrics_urls().await.unwrap();
    assert_eq!(urls, [format!("http://{}", workers[0]["metrics_address"].as_str().unwrap())]);
}

async fn quota(rig: &Rig) {
    let owner = rig.fleet.owner_url();
    let made = rig.rad(&["tenants", "create", "small", "--monthly-pages", "5", "--database", &owner]).await;
    assert_eq!(made.code, 0, "{made:?}");
    let key = rig.rad(&["keys", "create", "small", "--quiet", "--database", &owner]).await.out;
    let parked = rig.rad(&["crawl", &rig.web.url(), "--json", "--key", key.trim()]).await;
    assert_eq!((parked.code, &parked.object()["outcome"]), (6, &"paused".into()), "{parked:?}");
    assert!(parked.err.contains("monthly_pages is reached (5 of 5)"), "{parked:?}");
    assert_eq!(parked.object()["crawl"]["pause"]["limit"], "monthly_pages");
    let listed = rig.rad(&["status", "--key", key.trim()]).await;
    assert!(listed.out.contains("paused"), "{listed:?}");
    let whoami = rig.rad(&["whoami", "--key", key.trim()]).await;
    assert!(whoami.out.contains("reached"), "{whoami:?}");
}

async fn refusals(rig: &Rig) {
    let url = rig.web.url();
    for (arguments, code, told) in [
        (&["crawl"][..], 2, "Usage"),
        (&["crawl", "example.org"], 2, "try https://example.org"),
        (&["crawl", "http://10.1.2.3/"], 2, "address_forbidden"),
        (&["crawl", &url, "--priority", "11"], 2, "1..=10"),
        (&["tenants", "set", "small"], 2, "nothing to change"),
        (&["docs", "1", "--markdown", "--json"], 2, "cannot be used with"),
        (&["status", "--key", "rad_live_wrong"], 3, "key_malformed"),
        (&["status", "--key-file", "/no/such/file"], 3, "/no/such/file"),
        (&["status", "--api", "127.0.0.1"], 3, "is not the address of an API"),
        (&["status", "--api", &rig::nobody()], 4, "can't be reached"),
        (&["status", "999999999"], 1, "not_found"),
    ] {
        let refused = rig.rad(arguments).await;
        assert!(refused.code == code && refused.err.contains(told), "{arguments:?}: {refused:?}");
        assert_eq!(refused.out, "", "{arguments:?}");
    }
    let none = rig.without_key(&["status"]).await;
    assert!(none.code == 3 && none.err.contains("RAD_API_KEY_FILE"), "{none:?}");
    let none = rig.without_key(&["tenants", "list"]).await;
    assert!(none.code == 3 && none.err.contains("RAD_MIGRATE_URL"), "{none:?}");
}
