//! Links that look like one of endlessly many: a site that answers to any path never ends.
//!
//! Judged by the URL alone, so every worker judges alike. The limits lie above what real sites have; a site that
//! needs more is crawled with `traps` switched off in its scope.

mod missing;
mod template;

use std::collections::HashMap;

use crate::url::CanonicalUrl;

pub use missing::says_not_found;
pub use template::Templates;

/// Deepest path, in segments.
const MOST_SEGMENTS: usize = 20;
/// Times that a run of segments may follow itself: `/a/b/a/b` once.
const MOST_REPEATS: usize = 2;
/// Longest such run that is looked for.
const LONGEST_RUN: usize = 4;
/// Parameters of a query: beyond it lie the combinations of filters.
const MOST_PARAMETERS: usize = 12;
/// Times that one parameter may be given.
const MOST_OF_ONE_PARAMETER: usize = 4;
/// Years that a calendar may lead ahead, and back from the first web page.
const YEARS_AHEAD: u32 = 2;
const FIRST_YEAR: u32 = 1970;
/// Names of calendars in paths and queries, in lower case.
const CALENDARS: [&str; 5] = ["calendar", "kalender", "events", "agenda", "month"];

/// What makes a URL suspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// The path has too many segments.
    Deep,
    /// A run of segments follows itself too often.
    Repeating,
    /// The query has too many parameters, or one of them too often.
    Parameters,
    /// A calendar far from now.
    Calendar,
}

impl Trap {
    /// The stable code, as shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deep => "too_many_segments",
            Self::Repeating => "repeated_segments",
            Self::Parameters => "too_many_parameters",
            Self::Calendar => "calendar",
        }
    }
}

/// Whether `url` looks like one of endlessly many, in the year `now`.
pub fn suspect(url: &CanonicalUrl, now: u32) -> Option<Trap> {
    let path = url.as_url().path().trim_matches('/');
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let query = url.as_url().query().unwrap_or_default();
    if segments.len() > MOST_SEGMENTS {
        return Some(Trap::Deep);
    }
    if repeats(&segments) {
        return Some(Trap::Repeating);
    }
    if has_many_parameters(query) {
        return Some(Trap::Parameters);
    }
    is_far_calendar(&segments, query, now).then_some(Trap::Calendar)
}

/// Whether a run of segments comes more than [`MOST_REPEATS`] times in a row. Numbers may: `/1/1/1` is a date.
fn repeats(segments: &[&str]) -> bool {
    (1..=LONGEST_RUN).any(|length| {
        let mut equal = 0;
        segments.iter().zip(segments.iter().skip(length)).any(|(one, next)| {
            let same = one == next && !(length == 1 && is_number(one));
            equal = if same { equal + 1 } else { 0 };
            equal >= length * MOST_REPEATS
        })
    })
}

fn is_number(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_many_parameters(query: &str) -> bool {
    let mut names: HashMap<&str, usize> = HashMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        *names.entry(pair.split('=').next().unwrap_or_default()).or_default() += 1;
    }
    // Lists are written `x[]=1&x[]=2` on purpose.
    let repeated = names.iter().any(|(name, times)| {
        *times > MOST_OF_ONE_PARAMETER && !name.ends_with("[]") && !name.ends_with("%5B%5D")
    });
    names.len() > MOST_PARAMETERS || repeated
}

/// A year where calendars have one: in a path or query that names a calendar.
fn is_far_calendar(segments: &[&str], query: &str, now: u32) -> bool {
    let values: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    let named = |text: &str| CALENDARS.iter().any(|name| text.to_ascii_lowercase().contains(name));
    let calendar = segments.iter().any(|segment| named(segment))
        || values
            .iter()
            .any(|(name, value)| named(name) || named(value) || name.eq_ignore_ascii_case("year"));
    let texts = segments.iter().copied().chain(values.iter().map(|(_, value)| *value));
    let far = |year: u32| year > now + YEARS_AHEAD || year < FIRST_YEAR;
    calendar && texts.filter_map(year).any(far)
}

/// The year that `2031`, `2031-05` or `203105` begins with.
fn year(text: &str) -> Option<u32> {
    let year = text.get(..4).filter(|year| is_number(year))?;
    let rest = &text[4..];
    let date = rest.is_empty()
        || (rest.starts_with('-') && rest[1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
        || (matches!(rest.len(), 2 | 4) && is_number(rest));
    // Numbers such as 0001 or 9000 are those of pages and articles.
    date.then(|| year.parse().ok()).flatten().filter(|year| (1_000..3_000).contains(year))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judged(path: &str) -> Option<Trap> {
        suspect(&CanonicalUrl::parse(&format!("http://a.com/{path}")).unwrap(), 2026)
    }

    #[test]
    fn endless_links_are_suspect() {
        let deep = (0..21).map(|n| format!("s{n}/")).collect::<Vec<_>>().concat();
        let many = (0..13).map(|n| format!("f{n}=1&")).collect::<Vec<_>>().concat();
        for (path, trap) in [
            (deep.as_str(), Trap::Deep),
            ("a/a/a", Trap::Repeating),
            ("x/en/docs/en/docs/en/docs/y", Trap::Repeating),
            ("a/b/c/a/b/c/a/b/c", Trap::Repeating),
            (&format!("?{many}"), Trap::Parameters),
            ("?c=1&c=2&c=3&c=4&c=5", Trap::Parameters),
            ("calendar/2031/05", Trap::Calendar),
            ("calendar/1899-12-31", Trap::Calendar),
            ("?view=calendar&date=2040-01-01", Trap::Calendar),
            ("events?month=204001", Trap::Calendar),
            ("x?year=2099", Trap::Calendar),
        ] {
            assert_eq!(judged(path), Some(trap), "{path}");
        }
    }

    #[test]
    fn links_of_real_sites_are_not() {
        for path in [
            "",
            "2024/01/01/01/post",
            "1/1/1/1",
            "a/a/b",
            "en/docs/en/docs",
            "calendar/2027/05",
            "events/1995-01",
            "article/2099",
            "?year=2020&month=5",
            "?x[]=1&x[]=2&x[]=3&x[]=4&x[]=5&x[]=6",
            "events/20310",
            "standards/iso-2031",
            "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t",
        ] {
            assert_eq!(judged(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_url_is_judged(path in "[a-c0-9/.é%-]{0,60}", query in "[a-c&=0-9%]{0,40}") {
            if let Ok(url) = CanonicalUrl::parse(&format!("http://a.com/{path}?{query}")) {
                suspect(&url, 2026);
            }
        }
    }
}
