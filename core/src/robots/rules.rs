//! The rules for one crawler, and what they say about a path.

use std::sync::Arc;
use std::time::Duration;

use super::Pattern;
use super::lines::Line;
use super::pattern::Reading;

/// Longest evidence in bytes; long enough for every line that a person wrote.
const MAX_EVIDENCE_BYTES: usize = 500;

/// What a robots.txt says to one crawler. Cheap to clone and to keep.
#[derive(Clone, Debug, Default)]
pub struct AgentRules {
    /// The rule that counts comes first: longest pattern, and of two equal ones the one that allows.
    rules: Arc<[Rule]>,
    delay: Option<Duration>,
}

/// Whether a path may be fetched, with the line that decides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the path may be fetched.
    pub allowed: bool,
    /// The line that decides; none where no rule matches.
    pub line: Option<RuleLine>,
}

/// A line of a robots.txt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleLine {
    /// Counts from 1.
    pub number: u32,
    /// The line without control characters, cut at 500 bytes.
    pub text: String,
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    allow: bool,
    pattern: Pattern,
    line: Option<Arc<RuleLine>>,
}

impl Rule {
    /// A pattern without a leading slash is read as if it had one: nobody else's path can be meant. One that ends in
    /// `$` closes the path that is spelled with a dollar sign too.
    pub(super) fn disallow(value: &[u8], line: &Line<'_>) -> Vec<Self> {
        let line = Arc::new(RuleLine::of(line));
        let relative = value.first().is_some_and(|first| !matches!(first, b'/' | b'*' | b'$'));
        let path = if relative { [b"/", value].concat() } else { value.to_vec() };
        let dollar =
            path.strip_suffix(b"$").filter(|body| !body.is_empty()).map(|body| [body, b"%24$"].concat());
        let rule = |path: &[u8]| Self {
            allow: false,
            pattern: Pattern::parse(path, Reading::Every),
            line: Some(Arc::clone(&line)),
        };
        std::iter::once(rule(&path)).chain(dollar.as_deref().map(rule)).collect()
    }

    /// Allowing `/a/index.html` allows `/a/` too, as with Google: they are one page to those who write it.
    pub(super) fn allow(value: &[u8], line: &Line<'_>) -> Vec<Self> {
        let line = Arc::new(RuleLine::of(line));
        let folder_end = value.iter().rposition(|byte| *byte == b'/');
        let folder = folder_end
            .filter(|slash| value[*slash..].starts_with(b"/index.htm"))
            .map(|slash| [&value[..=slash], b"$"].concat());
        let rule = |value: &[u8]| Self {
            allow: true,
            pattern: Pattern::parse(value, Reading::AsSpelled),
            line: Some(Arc::clone(&line)),
        };
        std::iter::once(rule(value)).chain(folder.as_deref().map(rule)).collect()
    }

    /// The rule of a host that may not be visited at all; it stands in no line.
    pub(super) fn everything() -> Self {
        Self { allow: false, pattern: Pattern::parse(b"/", Reading::Every), line: None }
    }
}

impl RuleLine {
    fn of(line: &Line<'_>) -> Self {
        let start = &line.text[..line.text.len().min(MAX_EVIDENCE_BYTES)];
        let text = String::from_utf8_lossy(start);
        let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
        Self { number: line.number, text }
    }
}

impl AgentRules {
    pub(super) fn new(mut rules: Vec<Rule>, delay: Option<Duration>) -> Self {
        // An empty pattern is how a file says "nothing": it never counts.
        rules.retain(|rule| rule.pattern.length() > 0);
        rules.sort_by_key(|rule| (std::cmp::Reverse(rule.pattern.length()), !rule.allow));
        Self { rules: rules.into(), delay }
    }

    /// Whether the path, with its query, may be fetched.
    ///
    /// `/robots.txt` itself always may (RFC 9309, 2.2.2).
    pub fn check(&self, path_and_query: &str) -> Decision {
        let path = if path_and_query.is_empty() { "/" } else { path_and_query };
        let (every, spelled) = (Reading::Every.of_path(path), Reading::AsSpelled.of_path(path));
        let holds = |rule: &&Rule| rule.pattern.matches(if rule.allow { &spelled } else { &every });
        match self.rules.iter().find(holds) {
            Some(rule) if every != "/robots.txt" => {
                Decision { allowed: rule.allow, line: rule.line.as_deref().cloned() }
            }
            _ => Decision { allowed: true, line: None },
        }
    }

    /// The time to leave between two requests, at most [`super::MAX_CRAWL_DELAY`].
    pub fn crawl_delay(&self) -> Option<Duration> {
        self.delay
    }
}
