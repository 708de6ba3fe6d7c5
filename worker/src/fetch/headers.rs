//! What the headers of a response say: type, charset, validators, robots directives, retry time.

use rad_core::retry::RetryAfter;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

/// Longest validator that is kept: they are stored with every document, and real ones have below 100 bytes.
const MAX_VALIDATOR_BYTES: usize = 1_024;

/// Longest type that is kept as evidence of a refusal.
const MAX_TYPE_BYTES: usize = 100;

/// Longest directive that is kept as evidence.
const MAX_EVIDENCE_CHARS: usize = 200;

/// Parameters of X-Robots-Tag that contain a colon, as the name of a crawler does.
const ROBOTS_PARAMETERS: [&str; 4] =
    ["unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"];

/// What a page asks of crawlers in its X-Robots-Tag headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// The page must not be indexed: the header's value that says so, shortened.
    pub noindex: Option<String>,
    /// Its links must not be followed.
    pub nofollow: bool,
}

/// Media type and charset of a Content-Type header.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ContentType {
    /// `type/subtype` in lower case; `None` if it is missing or has another form.
    pub(super) media_type: Option<String>,
    /// The charset parameter in lower case.
    pub(super) charset: Option<String>,
}

/// Reads the first Content-Type header.
pub(super) fn content_type(headers: &HeaderMap) -> ContentType {
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let value = String::from_utf8_lossy(value.unwrap_or_default());
    let mut parts = value.split(';');
    let media_type = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    ContentType {
        media_type: is_media_type(&media_type).then_some(media_type),
        charset: parts.find_map(charset),
    }
}

fn is_media_type(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
    text.len() <= MAX_TYPE_BYTES && text.split_once('/').is_some_and(|(kind, sub)| plain(kind) && plain(sub))
}

fn charset(parameter: &str) -> Option<String> {
    let (name, value) = parameter.split_once('=')?;
    let value = value.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
    let known_shape = !value.is_empty() && value.len() <= MAX_TYPE_BYTES;
    (name.trim().eq_ignore_ascii_case("charset") && known_shape).then_some(value)
}

/// A header's value as text, unless it is too long to be stored or not plain ASCII.
pub(super) fn validator(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
}

pub(super) fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    RetryAfter::parse(headers.get(RETRY_AFTER)?.to_str().ok()?)
}

/// Reads all X-Robots-Tag headers as the crawler `product` has to.
pub(super) fn directives(headers: &HeaderMap, product: &str) -> Directives {
    let mut all = Directives::default();
    for value in headers.get_all("x-robots-tag") {
        read_directives(&mut all, &String::from_utf8_lossy(value.as_bytes()), product);
    }
    all
}

/// A crawler's name before a colon makes the rest of the header its own, up to the next name.
fn read_directives(all: &mut Directives, value: &str, product: &str) {
    let mut for_us = true;
    for mut part in value.split(',').map(str::trim) {
        if let Some((name, rest)) = part.split_once(':') {
            let name = name.trim();
            if !ROBOTS_PARAMETERS.iter().any(|parameter| name.eq_ignore_ascii_case(parameter)) {
                for_us = name == "*" || name.eq_ignore_ascii_case(product);
                part = rest.trim();
            }
        }
        let is = |directive: &str| for_us && part.eq_ignore_ascii_case(directive);
        if (is("noindex") || is("none")) && all.noindex.is_none() {
            all.noindex = Some(evidence(value));
        }
        all.nofollow |= is("nofollow") || is("none");
    }
}

fn evidence(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).take(MAX_EVIDENCE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_media_type_and_the_charset_are_read_leniently() {
        for (value, media_type, charset) in [
            ("text/html", Some("text/html"), None),
            ("Text/HTML; Charset=\"UTF-8\"", Some("text/html"), Some("utf-8")),
            ("text/html;a=b; charset = latin1 ;x", Some("text/html"), Some("latin1")),
            ("text/html; charset=", Some("text/html"), None),
            ("html", None, None),
            ("", None, None),
            ("text/", None, None),
            ("; charset=utf-8", None, Some("utf-8")),
        ] {
            let read = content_type(&headers("content-type", &[value]));
            assert_eq!(read.media_type.as_deref(), media_type, "{value}");
            assert_eq!(read.charset.as_deref(), charset, "{value}");
        }
        assert_eq!(content_type(&HeaderMap::new()), ContentType::default());
        let huge = format!("text/{}", "x".repeat(5_000));
        assert_eq!(content_type(&headers("content-type", &[&huge])).media_type, None);
    }

    #[test]
    fn robots_directives_count_for_everybody_or_for_us() {
        for (values, noindex, nofollow) in [
            (&["noindex"][..], true, false),
            (&["NoIndex, NoFollow"], true, true),
            (&["none"], true, true),
            (&["all", "nofollow"], false, true),
            (&["googlebot: noindex, nofollow"], false, false),
            (&["Rad: noindex"], true, false),
            (&["googlebot: nofollow, rad: noindex"], true, false),
            (&["rad: noindex, otherbot: nofollow"], true, false),
            (&["*: nofollow"], false, true),
            (&["unavailable_after: 25 Jun 2010 15:00:00 PST, noindex"], true, false),
            (&["max-snippet:-1, nofollow"], false, true),
            (&["noindexing"], false, false),
            (&[], false, false),
        ] {
            let read = directives(&headers("x-robots-tag", values), "rad");
            assert_eq!((read.noindex.is_some(), read.nofollow), (noindex, nofollow), "{values:?}");
            assert!(read.noindex.is_none_or(|line| values.contains(&line.as_str())));
        }
    }

    #[test]
    fn validators_that_could_not_be_stored_are_dropped() {
        let name = || HeaderName::from_static("etag");
        assert_eq!(validator(&headers("etag", &["W/\"1\""]), name()), Some("W/\"1\"".to_owned()));
        assert_eq!(validator(&headers("etag", &[&"x".repeat(1_025)]), name()), None);
        assert_eq!(validator(&headers("etag", &["\"é\""]), name()), None);
    }
}
