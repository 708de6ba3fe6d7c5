//! Patterns of URLs, as people write them to include or exclude parts of a site.
//!
//! `/docs/**` is a glob: `*` stands for any characters but `/`, `**` for all. It has to match the whole path, or path
//! and query where it has a `?`, or the whole URL where it does not begin with `/`. `re:...` is a regular expression
//! that may match anywhere in the URL. Both take time linear in the length of the URL.

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::url::CanonicalUrl;

/// Longest pattern in bytes.
const MAX_BYTES: usize = 500;
/// Memory of one compiled pattern, so that a repetition of repetitions is refused.
const MAX_COMPILED_BYTES: usize = 256 * 1024;
/// What a regular expression begins with.
const REGEX_MARK: &str = "re:";

/// Why a text is not a pattern.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PatternError {
    /// It is empty or longer than 500 bytes.
    #[error("a pattern has 1 to {MAX_BYTES} bytes")]
    Length,
    /// The regular expression can't be read, or would be too large.
    #[error("`{text}` is not a regular expression that can be used")]
    Regex {
        /// The pattern.
        text: String,
    },
}

/// A glob or a regular expression. Serialised as its text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(PatternError::Length);
        }
        let source = text.strip_prefix(REGEX_MARK).map_or_else(|| of_glob(text), str::to_owned);
        let regex = RegexBuilder::new(&source)
            .size_limit(MAX_COMPILED_BYTES)
            .build()
            .map_err(|_| PatternError::Regex { text: text.to_owned() })?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches `url`.
    pub fn matches(&self, url: &CanonicalUrl) -> bool {
        let part = match () {
            () if !self.text.starts_with('/') => url.as_str(),
            () if self.text.contains('?') => url.path_and_query(),
            () => url.as_url().path(),
        };
        self.regex.is_match(part)
    }
}

fn of_glob(glob: &str) -> String {
    let mut source = String::from("^");
    for (position, part) in glob.split("**").enumerate() {
        if position > 0 {
            source.push_str(".*");
        }
        let parts: Vec<_> = part.split('*').map(regex::escape).collect();
        source.push_str(&parts.join("[^/]*"));
    }
    source.push('$');
    source
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        Self::parse(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, url: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(&CanonicalUrl::parse(url).unwrap())
    }

    #[test]
    fn a_glob_matches_the_whole_path_and_a_query_only_where_it_has_one() {
        for (pattern, url, expected) in [
            ("/docs/**", "http://a.com/docs/x/y?z", true),
            ("/docs/**", "http://a.com/docs/", true),
            ("/docs/**", "http://a.com/docs", false),
            ("/docs/*", "http://a.com/docs/x", true),
            ("/docs/*", "http://a.com/docs/x/y", false),
            ("/**/*.pdf", "http://a.com/x/y.pdf", true),
            ("/**.pdf", "http://a.com/y.pdfx", false),
            ("/p?page=*", "http://a.com/p?page=2", true),
            ("/p?page=*", "http://a.com/p", false),
            ("https://*.a.com/**", "https://b.a.com/x", true),
            ("https://*.a.com/**", "https://a.com/x", false),
            ("/a.b(c)", "http://a.com/a.b(c)", true),
            ("/a.b", "http://a.com/aXb", false),
        ] {
            assert_eq!(matches(pattern, url), expected, "{pattern} on {url}");
        }
    }

    #[test]
    fn a_regular_expression_matches_anywhere_in_the_url() {
        assert!(matches("re:/20[0-9]{2}/", "http://a.com/x/2024/y"));
        assert!(!matches("re:^http://a.com/$", "http://a.com/x"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert_eq!(Pattern::parse(""), Err(PatternError::Length));
        assert_eq!(Pattern::parse(&"x".repeat(501)), Err(PatternError::Length));
        for text in ["re:(", "re:(a{1000}){1000}", "re:(?=x)"] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Regex { text: text.to_owned() }));
        }
    }
}
