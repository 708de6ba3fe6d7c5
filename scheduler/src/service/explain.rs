//! Why a URL of a crawl was fetched or not, and what comes next.
//!
//! What happened stands in the ledger. What the rules say is worked out anew, from the crawl's scope and the fleet's
//! copy of the host's robots.txt, so it also answers for URLs that the crawl never met.

use rad_core::ids::{JobId, TenantId};
use rad_core::robots::{PRODUCT, Robots};
use rad_core::scope::Scope;
use rad_core::trap;
use rad_core::url::CanonicalUrl;
use rad_schema::explain::{HostState, LedgerUrl};
use rad_schema::tombstones::Tombstone;
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::Fields;
use super::{Service, ServiceError};

/// A year in the words of traps; the answer is for people, and a calendar's edge is years away.
const SECONDS_A_YEAR: u64 = 31_556_952;

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Explanation {
    url: String,
    crawl: i64,
    /// What the crawl makes of a link to it, where that is another URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_link: Option<String>,
    /// `waiting`, `stored`, ..., or `unknown` to the crawl.
    state: &'static str,
    verdict: Option<String>,
    evidence: Option<String>,
    depth: Option<i16>,
    attempts: Option<i16>,
    document: Option<i64>,
    ended_at: Option<String>,
    due_at: Option<String>,
    /// The document that it had, where that was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<Removed>,
    /// Why the scope leaves it out, if it does.
    out_of_scope: Option<&'static str>,
    robots: RobotsSays,
    host: HostSays,
    why: String,
    next: String,
}

#[derive(Debug, Serialize)]
struct RobotsSays {
    state: String,
    allowed: Option<bool>,
    line: Option<u32>,
    text: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct HostSays {
    delay_ms: Option<i64>,
    max_concurrency: Option<i32>,
    rests_ms: i64,
}

/// A document that is there no more.
#[derive(Debug, Serialize)]
struct Removed {
    document: i64,
    by_crawl: i64,
    at: String,
    reason: String,
    why: &'static str,
}

impl From<Tombstone> for Removed {
    fn from(tombstone: Tombstone) -> Self {
        let why = match tombstone.removed_why.as_str() {
            "gone" => "the page was not there in two crawls, one after the other",
            "moved" => "the page led elsewhere in two crawls, one after the other",
            "duplicate" => "the page was a copy of another in two crawls, one after the other",
            "noindex" => "the page asks not to be indexed",
            _ => "no page that was read leads to it any more",
        };
        Self {
            document: tombstone.document_id,
            by_crawl: tombstone.removed_by,
            at: tombstone.removed_at,
            reason: tombstone.removed_why,
            why,
        }
    }
}

impl Service {
    /// Reads `{url}`.
    pub(crate) async fn explain(
        &self,
        tenant: TenantId,
        job: JobId,
        object: Map<String, Value>,
    ) -> Result<Explanation, ServiceError> {
        let mut fields = Fields::of(object);
        let url = super::start::url(&mut fields);
        fields.finish()?;
        let url = url.expect("a URL that is missing or wrong is a fault");
        let status = self.db.job_status(tenant, job).await?.ok_or_else(|| super::crawls::missing(job))?;
        let scope: Scope = serde_json::from_value(status.scope.clone()).unwrap_or_default();
        let link = url.under(scope.query);
        let row = self.db.crawl_url(tenant, job, &[url.hash(), link.hash()]).await?;
        let host = self.db.host_state(&url.host_key()).await?;
        let start = CanonicalUrl::parse(&status.start_url).ok();
        let out = start.as_ref().and_then(|start| out_of_scope(&scope, start, &link, row.as_ref()));
        let robots = robots_say(host.as_ref(), &url);
        let removed = self.db.tombstone(tenant, &[url.hash(), link.hash()]).await?.map(Removed::from);
        let mut why = why(row.as_ref(), out, &robots);
        if let Some(removed) = &removed {
            why = format!("{why}; its document was removed by crawl {}: {}", removed.by_crawl, removed.why);
        }
        let next = next(&status.state, row.as_ref(), out, &robots, host.as_ref());
        Ok(Explanation {
            crawl: job.0,
            as_link: (link != url).then(|| link.as_str().to_owned()),
            url: url.as_str().to_owned(),
            state: row.as_ref().map_or("unknown", |row| state(row.state)),
            verdict: row.as_ref().and_then(|row| row.verdict.clone()),
            evidence: row.as_ref().and_then(|row| row.evidence.clone()),
            depth: row.as_ref().map(|row| row.depth),
            attempts: row.as_ref().map(|row| row.attempts),
            document: row.as_ref().and_then(|row| row.document_id),
            ended_at: row.as_ref().and_then(|row| row.ended_at.clone()),
            due_at: row.as_ref().and_then(|row| row.due_at.clone()),
            removed,
            out_of_scope: out,
            robots,
            host: host.map_or_else(HostSays::default, |host| HostSays {
                delay_ms: host.delay_ms,
                max_concurrency: host.max_concurrency,
                rests_ms: host.rests_ms.unwrap_or(0),
            }),
            why,
            next,
        })
    }
}

fn out_of_scope(
    scope: &Scope,
    start: &CanonicalUrl,
    link: &CanonicalUrl,
    row: Option<&LedgerUrl>,
) -> Option<&'static str> {
    // A URL that was never met is at least one link away.
    let depth = row.map_or(1, |row| u16::try_from(row.depth).unwrap_or(0));
    if let Err(reason) = scope.admits(start, link, depth) {
        return Some(reason.as_str());
    }
    let trapped = if scope.traps { None } else { trap::suspect(link, this_year()) };
    trapped.map(trap::Trap::as_str)
}

fn this_year() -> u32 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u32::try_from(1_970 + now.as_secs() / SECONDS_A_YEAR).unwrap_or(u32::MAX)
}

fn robots_say(host: Option<&HostState>, url: &CanonicalUrl) -> RobotsSays {
    let state = host.and_then(|host| host.robots_state.clone()).unwrap_or_else(|| "unknown".to_owned());
    let body = host.and_then(|host| host.robots_body.as_deref());
    let robots = match state.as_str() {
        "found" => Some(Robots::parse(body.unwrap_or_default())),
        "allow_all" => Some(Robots::allow_all()),
        "unreachable" => Some(Robots::deny_all()),
        _ => None,
    };
    let decision = robots.map(|robots| robots.agent(PRODUCT).check(url.path_and_query()));
    let line = decision.as_ref().and_then(|decision| decision.line.clone());
    RobotsSays {
        state,
        allowed: decision.map(|decision| decision.allowed),
        line: line.as_ref().map(|line| line.number),
        text: line.map(|line| line.text),
    }
}

fn state(number: i16) -> &'static str {
    match number {
        0 => "waiting",
        1 => "stored",
        2 => "unchanged",
        3 => "duplicate",
        4 => "redirected",
        5 => "superseded",
        6 => "skipped",
        _ => "failed",
    }
}

fn why(row: Option<&LedgerUrl>, out: Option<&str>, robots: &RobotsSays) -> String {
    if let Some(row) = row {
        let verdict = row.verdict.as_deref().unwrap_or("it has not been fetched yet");
        return match &row.evidence {
            Some(evidence) => format!("{}: {verdict}: {evidence}", state(row.state)),
            None => format!("{}: {verdict}", state(row.state)),
        };
    }
    match (out, robots.allowed, robots.line) {
        (Some(reason), ..) => format!("the crawl's scope leaves it out: {reason}"),
        (None, Some(false), Some(line)) => {
            format!("line {line} of robots.txt forbids it: {}", robots.text.as_deref().unwrap_or_default())
        }
        (None, Some(false), None) => {
            "robots.txt of its host can't be read, so nothing there is fetched".to_owned()
        }
        _ => "no page of the crawl that was read so far links to it".to_owned(),
    }
}

fn next(
    crawl: &str,
    row: Option<&LedgerUrl>,
    out: Option<&str>,
    robots: &RobotsSays,
    host: Option<&HostState>,
) -> String {
    let rests = host.and_then(|host| host.rests_ms).unwrap_or(0);
    let waits = row.is_some_and(|row| row.state == 0);
    match row {
        _ if matches!(crawl, "completed" | "cancelled") => {
            let fix = if row.is_some_and(|row| row.state == 7) {
                ", or open it again with `rad retry`"
            } else {
                ""
            };
            format!("the crawl has ended; start a new one{fix}")
        }
        Some(row) if waits && row.due_at.is_some() => {
            format!("it is tried again at {} or later", row.due_at.as_deref().unwrap_or_default())
        }
        Some(_) if waits && rests > 0 => {
            format!("its host asked for a pause: it is fetched in {} s or later", rests.div_euclid(1_000) + 1)
        }
        Some(_) if waits && crawl == "paused" => "the crawl is paused".to_owned(),
        Some(_) if waits => "it is fetched when its turn comes".to_owned(),
        Some(row) if row.state == 7 => "it is given up; `rad retry` opens it again".to_owned(),
        Some(_) => "nothing: it has ended in this crawl".to_owned(),
        None if out.is_some() => "nothing, unless a crawl with another scope finds it".to_owned(),
        None if robots.allowed == Some(false) => "nothing, while robots.txt forbids it".to_owned(),
        None => "it is fetched when a page links to it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: i16, verdict: &str, due_at: Option<&str>) -> LedgerUrl {
        LedgerUrl {
            url: "http://a.com/".to_owned(),
            state,
            verdict: Some(verdict.to_owned()),
            evidence: Some("because".to_owned()),
            depth: 1,
            attempts: 1,
            document_id: None,
            ended_at: None,
            due_at: due_at.map(str::to_owned),
        }
    }

    fn host(state: &str, body: &str) -> HostState {
        HostState {
            robots_state: Some(state.to_owned()),
            robots_body: Some(body.as_bytes().to_vec()),
            delay_ms: Some(250),
            max_concurrency: Some(2),
            rests_ms: Some(0),
        }
    }

    #[test]
    fn the_robots_line_that_decides_is_named() {
        let url = CanonicalUrl::parse("http://a.com/private/x").unwrap();
        let says = robots_say(Some(&host("found", "User-agent: *\nDisallow: /private")), &url);
        assert_eq!(
            (says.allowed, says.line, says.text.as_deref()),
            (Some(false), Some(2), Some("Disallow: /private"))
        );
        assert_eq!(why(None, None, &says), "line 2 of robots.txt forbids it: Disallow: /private");
        let closed = robots_say(Some(&host("unreachable", "")), &url);
        assert_eq!((closed.allowed, closed.line), (Some(false), None));
        assert_eq!(robots_say(None, &url).allowed, None);
    }

    #[test]
    fn what_comes_next_is_told_for_each_state() {
        let open = robots_say(Some(&host("allow_all", "")), &CanonicalUrl::parse("http://a.com/").unwrap());
        let at = |crawl, row: Option<&LedgerUrl>, out| next(crawl, row, out, &open, Some(&host("found", "")));
        assert!(
            at("running", Some(&row(0, "retry", Some("2026-01-01T00:00:00Z"))), None).contains("2026-01-01")
        );
        assert!(at("running", Some(&row(0, "", None)), None).contains("turn"));
        assert!(at("running", Some(&row(7, "dns", None)), None).contains("rad retry"));
        assert!(at("completed", Some(&row(0, "", None)), None).contains("ended"));
        assert!(at("running", None, Some("other_host")).contains("another scope"));
        assert!(at("running", None, None).contains("links to it"));
        assert_eq!(why(Some(&row(7, "dns", None)), None, &open), "failed: dns: because");
    }

    #[test]
    fn the_rule_that_leaves_a_url_out_is_named() {
        let start = CanonicalUrl::parse("http://a.com/").unwrap();
        let judged =
            |text: &str| out_of_scope(&Scope::default(), &start, &CanonicalUrl::parse(text).unwrap(), None);
        assert_eq!(judged("http://b.com/"), Some("other_host"));
        assert_eq!(judged("http://a.com/a/a/a"), Some("repeated_segments"));
        assert_eq!(judged("http://a.com/a"), None);
    }
}
