//! A crawl as somebody asks for it.

use rad_core::scope::{MAX_PATTERNS, Pattern, Scope, ScopeKind, SitemapMode};
use rad_core::url::{CanonicalUrl, QueryRule};
use rad_schema::jobs::NewJob;
use serde::de::DeserializeOwned;
use serde::de::value::{self, StrDeserializer};
use serde_json::{Map, Value};

use super::fault::Faults;
use super::fields::Fields;

/// Longest idempotency key.
const MAX_KEY_BYTES: usize = 255;

const DEFAULT_PRIORITY: i16 = 5;

const URL: &str = "an absolute URL such as https://docs.example.com/";
const PATTERNS: &str = "a list of at most 100 patterns such as /docs/** or re:[?]print=";
const KEY: &str = "a text of 1 to 255 bytes without control characters";

/// What stands beside the object: it may come in a way of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartContext {
    /// A repeated start with this key gives the first crawl again.
    pub(crate) idempotency_key: Option<String>,
    /// Trace that the start belongs to, 32 hexadecimal digits.
    pub(crate) trace_id: String,
}

/// Reads `{url, scope?, priority?, max_pages?, idempotency_key?}`. All mistakes are told at once.
pub(super) fn read(object: Map<String, Value>, context: StartContext) -> Result<NewJob, Faults> {
    let mut fields = Fields::of(object);
    let start = url(&mut fields);
    let scope = scope(&mut fields);
    let priority = fields.optional("priority", "a whole number from 1 (least) to 10 (most urgent)", |n| {
        (1_i16..=10).contains(n)
    });
    let max_pages =
        fields.optional("max_pages", "a whole number of at least 1, or nothing for no limit", |n: &i64| {
            *n >= 1
        });
    let idempotency_key = key(&mut fields, context.idempotency_key);
    fields.finish()?;
    Ok(NewJob {
        start: start.expect("a start URL that is missing or wrong is a fault"),
        scope,
        priority: priority.unwrap_or(DEFAULT_PRIORITY),
        max_pages,
        idempotency_key,
        trace_id: context.trace_id,
    })
}

pub(super) fn url(fields: &mut Fields) -> Option<CanonicalUrl> {
    let text = fields.required::<String>("url", URL, |_| true)?;
    match CanonicalUrl::parse(&text) {
        Ok(url) => Some(url),
        Err(error) => {
            fields.refuse("url", error.to_string(), format!("give {URL}"));
            None
        }
    }
}

fn scope(fields: &mut Fields) -> Scope {
    let mut inner = fields.enter("scope");
    let kind = one_of::<ScopeKind>(&mut inner, "kind", "one of host, subdomains, domain, path, any");
    let max_depth = inner.optional("max_depth", "a whole number from 0 to 65535", |_: &u16| true);
    let few = |patterns: &Vec<Pattern>| patterns.len() <= MAX_PATTERNS;
    let include = inner.optional("include", PATTERNS, few);
    let exclude = inner.optional("exclude", PATTERNS, few);
    let query = one_of::<QueryRule>(&mut inner, "query", "one of drop_tracking, keep, ignore");
    let sitemap = one_of::<SitemapMode>(&mut inner, "sitemap", "one of named, include, only, skip");
    let traps = inner.optional::<bool>("traps", "true or false", |_| true);
    let dry_run = inner.optional::<bool>("dry_run", "true or false", |_| true);
    fields.leave(inner);
    Scope {
        kind: kind.unwrap_or_default(),
        max_depth,
        include: include.unwrap_or_default(),
        exclude: exclude.unwrap_or_default(),
        query: query.unwrap_or_default(),
        sitemap: sitemap.unwrap_or_default(),
        traps: traps.unwrap_or_default(),
        dry_run: dry_run.unwrap_or_default(),
    }
}

/// A word of a list. The form that serde has for variants with contents, `{"host": null}`, is none.
fn one_of<T: DeserializeOwned>(fields: &mut Fields, name: &'static str, expected: &'static str) -> Option<T> {
    let read = |word: &str| T::deserialize(StrDeserializer::<value::Error>::new(word)).ok();
    let word = fields.optional::<String>(name, expected, |word| read(word).is_some())?;
    read(&word)
}

/// The key of the body, or the one beside it. Two different ones can't both be meant.
pub(super) fn key(fields: &mut Fields, beside: Option<String>) -> Option<String> {
    let usable =
        |key: &String| !key.is_empty() && key.len() <= MAX_KEY_BYTES && !key.chars().any(char::is_control);
    let inside = fields.optional("idempotency_key", KEY, usable);
    match (inside, beside) {
        (Some(inside), Some(beside)) if inside != beside => {
            fields.refuse(
                "idempotency_key",
                "the body and the header Idempotency-Key have different keys",
                "give one of them, or the same twice",
            );
            None
        }
        (None, Some(beside)) if !usable(&beside) => {
            fields.refuse(
                "idempotency_key",
                "the header Idempotency-Key can't be used",
                format!("give {KEY}"),
            );
            None
        }
        (inside, beside) => inside.or(beside),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn start(body: &Value, header: Option<&str>) -> Result<NewJob, Vec<String>> {
        let Value::Object(object) = body.clone() else { panic!("{body} is no object") };
        let context = StartContext { idempotency_key: header.map(str::to_owned), trace_id: "0".repeat(32) };
        read(object, context).map_err(|faults| faults.into_vec().into_iter().map(|f| f.field).collect())
    }

    #[test]
    fn a_url_is_enough() {
        let new = start(&json!({ "url": "HTTP://Example.com" }), None).unwrap();
        assert_eq!(new.start.as_str(), "http://example.com/");
        assert_eq!((new.scope, new.priority), (Scope::default(), 5));
        assert_eq!((new.max_pages, new.idempotency_key), (None, None));
    }

    #[test]
    fn everything_that_is_given_is_taken() {
        let body = json!({
            "url": "https://example.com/a", "scope": { "kind": "path", "max_depth": 0 },
            "priority": 10, "max_pages": 1, "idempotency_key": "k",
        });
        let new = start(&body, Some("k")).unwrap();
        assert_eq!(new.scope, Scope { kind: ScopeKind::Path, max_depth: Some(0), ..Scope::default() });
        assert_eq!((new.priority, new.max_pages), (10, Some(1)));
        assert_eq!(new.idempotency_key.as_deref(), Some("k"));
    }

    #[test]
    fn a_scope_may_have_patterns_and_modes() {
        let scope = json!({
            "kind": "domain", "include": ["/docs/**"], "exclude": ["re:[?]print="], "query": "ignore",
            "sitemap": "only", "traps": true, "dry_run": true,
        });
        let new = start(&json!({ "url": "http://example.com/", "scope": scope }), None).unwrap();
        assert_eq!((new.scope.kind, new.scope.query), (ScopeKind::Domain, QueryRule::Ignore));
        assert_eq!((new.scope.include.len(), new.scope.exclude[0].as_str()), (1, "re:[?]print="));
        assert!(new.scope.traps && new.scope.dry_run && new.scope.sitemap == SitemapMode::Only);
        let wrong = json!({ "include": ["/a", "re:("], "exclude": "/a", "query": "none", "sitemap": 1 });
        let faults = start(&json!({ "url": "http://example.com/", "scope": wrong }), None).unwrap_err();
        assert_eq!(faults, ["scope.include[1]", "scope.exclude", "scope.query", "scope.sitemap"]);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let body = json!({
            "url": "ftp://example.com/", "scope": { "kind": "site", "max_depth": 65_536, "deep": 1 },
            "priority": 11, "max_pages": 0.5, "idempotency_key": "a\u{0}b", "crawl": true,
        });
        assert_eq!(
            start(&body, None).unwrap_err(),
            [
                "scope.deep",
                "crawl",
                "url",
                "scope.kind",
                "scope.max_depth",
                "priority",
                "max_pages",
                "idempotency_key"
            ]
        );
    }

    #[test]
    fn values_at_the_edge_are_judged_exactly() {
        for (field, value, good) in [
            ("priority", json!(1), true),
            ("priority", json!(0), false),
            ("priority", json!(100_000), false),
            ("priority", json!("5"), false),
            ("max_pages", json!(i64::MAX), true),
            ("max_pages", json!(1e300), false),
            ("max_pages", json!(-1), false),
            ("scope", json!({ "kind": { "host": null } }), false),
            ("scope", json!(["host", 3]), false),
            ("idempotency_key", json!("x".repeat(255)), true),
            ("idempotency_key", json!("x".repeat(256)), false),
            ("idempotency_key", json!(""), false),
        ] {
            let mut body = json!({ "url": "http://example.com/" });
            body[field] = value;
            assert_eq!(start(&body, None).is_ok(), good, "{body}");
        }
    }

    #[test]
    fn the_header_may_stand_for_the_field_and_must_not_contradict_it() {
        let url = json!({ "url": "http://example.com/" });
        let taken = start(&url, Some("from-header")).unwrap();
        assert_eq!(taken.idempotency_key.as_deref(), Some("from-header"));
        let other = json!({ "url": "http://example.com/", "idempotency_key": "other" });
        assert_eq!(start(&other, Some("from-header")).unwrap_err(), ["idempotency_key"]);
        assert_eq!(start(&url, Some("")).unwrap_err(), ["idempotency_key"]);
    }
}
