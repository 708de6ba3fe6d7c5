//! What a crawl makes of the queries of links: parameters that name the visitor and not the page are dropped.
//!
//! Only links are rewritten. A start URL and the target of a redirect are fetched as they are given, so that a server
//! that insists on an order or a parameter gets its way and no loop begins.

use serde::{Deserialize, Serialize};

use super::CanonicalUrl;

/// What becomes of the query of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryRule {
    /// Parameters that track visitors or hold their session are dropped, the others sorted by name.
    #[default]
    DropTracking,
    /// The query stays as it is.
    Keep,
    /// All queries are dropped: pages that differ in nothing else are one.
    Ignore,
}

/// Names that only say where a visitor came from, in lower case.
const TRACKING: [&str; 28] = [
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "_openstat",
    "dclid",
    "epik",
    "fb_action_ids",
    "fb_action_types",
    "fb_source",
    "fbclid",
    "gad_source",
    "gbraid",
    "gclid",
    "gclsrc",
    "igshid",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "msclkid",
    "oly_anon_id",
    "oly_enc_id",
    "ttclid",
    "twclid",
    "vero_id",
    "wbraid",
    "yclid",
];

/// Starts of such names.
const TRACKING_PREFIXES: [&str; 5] = ["utm_", "hsa_", "pk_", "mtm_", "piwik_"];

/// Names of session ids, in lower case, that mean nothing else.
const SESSION: [&str; 6] = ["phpsessid", "jsessionid", "cfid", "cftoken", "oscsid", "zenid"];

/// Names that are session ids where the value looks like one.
const MAYBE_SESSION: [&str; 5] = ["sid", "sessionid", "session_id", "sess", "session"];

/// Shortest value that is taken for a session's: shorter ones number pages.
const SESSION_CHARS: usize = 16;

impl CanonicalUrl {
    /// The URL that a link stands for under `rule`.
    #[must_use]
    pub fn under(&self, rule: QueryRule) -> Self {
        if rule == QueryRule::Keep {
            return self.clone();
        }
        let query = match (rule, self.0.query()) {
            (QueryRule::DropTracking, Some(query)) => Some(without_tracking(query)),
            _ => None,
        };
        let path = without_session(self.0.path());
        if query.as_deref() == self.0.query() && path.is_none() {
            return self.clone();
        }
        let mut url = self.0.clone();
        url.set_query(query.as_deref().filter(|query| !query.is_empty()));
        if let Some(path) = path {
            url.set_path(&path);
        }
        // Dropping parts can only bring an escape and a stray percent sign together; then the link stays as it is.
        Self::from_url(url).unwrap_or_else(|_| self.clone())
    }
}

/// Parameters of one name keep their order: it may mean something.
fn without_tracking(query: &str) -> String {
    let mut kept: Vec<_> =
        query.split('&').filter(|pair| !pair.is_empty() && !is_about_visitor(pair)).collect();
    kept.sort_by_key(|pair| name_of(pair));
    kept.join("&")
}

fn name_of(pair: &str) -> &str {
    pair.split_once('=').map_or(pair, |(name, _)| name)
}

fn is_about_visitor(pair: &str) -> bool {
    let name = name_of(pair).to_ascii_lowercase();
    let value = pair.split_once('=').map_or("", |(_, value)| value);
    let opaque = value.len() >= SESSION_CHARS
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    TRACKING.contains(&name.as_str())
        || TRACKING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || SESSION.contains(&name.as_str())
        || name.starts_with("aspsessionid")
        || (MAYBE_SESSION.contains(&name.as_str()) && opaque)
}

/// The path without `;jsessionid=...`, and without the session of a path's segment such as `/(S(...))/`.
fn without_session(path: &str) -> Option<String> {
    let lower = path.to_ascii_lowercase();
    let start = lower.find(";jsessionid=").or_else(|| lower.find(";phpsessid="));
    if let Some(start) = start {
        let end = path[start + 1..].find(['/', ';']).map_or(path.len(), |end| start + 1 + end);
        return Some([&path[..start], &path[end..]].concat());
    }
    let start = lower.find("/(s(")?;
    let end = start + lower[start..].find("))")? + 2;
    Some([&path[..start], &path[end..]].concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn under(rule: QueryRule, text: &str) -> String {
        CanonicalUrl::parse(text).unwrap().under(rule).as_str().to_owned()
    }

    #[test]
    fn what_names_the_visitor_is_dropped_and_the_rest_sorted_by_name() {
        for (given, expected) in [
            ("http://a.com/?b=2&a=1", "http://a.com/?a=1&b=2"),
            ("http://a.com/?a=1&b=2", "http://a.com/?a=1&b=2"),
            ("http://a.com/?x=2&a=1&x=1", "http://a.com/?a=1&x=2&x=1"),
            ("http://a.com/?UTM_Source=x&id=7&fbclid=y", "http://a.com/?id=7"),
            ("http://a.com/?gclid=1", "http://a.com/"),
            ("http://a.com/p?PHPSESSID=0123&p=2", "http://a.com/p?p=2"),
            ("http://a.com/p;jsessionid=ABC.node1?p=2", "http://a.com/p?p=2"),
            ("http://a.com/p;jsessionid=ABC/q", "http://a.com/p/q"),
            ("http://a.com/(S(abcdef0123456789))/p", "http://a.com/p"),
            ("http://a.com/?sid=3", "http://a.com/?sid=3"),
            ("http://a.com/?sid=0123456789abcdef", "http://a.com/"),
            ("http://a.com/?a&&b", "http://a.com/?a&b"),
            ("http://a.com/?utmost=1", "http://a.com/?utmost=1"),
        ] {
            assert_eq!(under(QueryRule::DropTracking, given), expected, "{given}");
        }
    }

    #[test]
    fn a_crawl_may_keep_or_ignore_all_queries() {
        let url = "http://a.com/p?b=1&utm_source=x&a";
        assert_eq!(under(QueryRule::Keep, url), url);
        assert_eq!(under(QueryRule::Ignore, url), "http://a.com/p");
    }

    proptest! {
        #[test]
        fn a_rewritten_link_is_canonical_and_stays_as_it_is(
            path in "[a-c;=()sS%0-9./]{0,30}",
            query in "[a-c&=%0-9]{0,20}(&utm_x=1|&sid=0123456789abcdef)?",
        ) {
            for rule in [QueryRule::DropTracking, QueryRule::Ignore] {
                let link = CanonicalUrl::parse(&format!("http://a.com/{path}?{query}")).unwrap();
                let once = link.under(rule);
                prop_assert_eq!(&CanonicalUrl::parse(once.as_str()).unwrap(), &once);
                prop_assert!(once.as_str().len() <= link.as_str().len());
            }
        }
    }
}
