//! Google's public robots.txt tests, read as data from outside the repository.

use std::path::Path;

use serde_json::Value;

use super::lines::{Key, lines};
use super::pattern::Reading;
use super::{Robots, is_product_token};
use crate::url::CanonicalUrl;

fn records(name: &str) -> Vec<Value> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/testdata/robots"));
    if !folder.exists() {
        eprintln!("skipped: no shared test data");
        return Vec::new();
    }
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record[key].as_str().unwrap()
}

/// The path of a URL that may be longer than those we crawl.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_scheme.find('/').map_or("/", |slash| &after_scheme[slash..])
}

#[test]
fn access_is_decided_as_by_google() {
    let mut failed = Vec::new();
    for record in records("google.json") {
        let robots = Robots::parse(text(&record, "robots_txt").as_bytes());
        let rules = robots.agent(text(&record, "user_agent"));
        let id = text(&record, "id");
        let expected = record["allowed"].as_bool().unwrap();
        if rules.check(path_of(text(&record, "url"))).allowed != expected {
            failed.push(id.to_owned());
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn product_tokens_are_told_apart_as_by_google() {
    for record in records("google-user-agents.json") {
        let valid = record["valid"].as_bool().unwrap();
        assert_eq!(is_product_token(text(&record, "user_agent")), valid, "{record}");
    }
}

#[test]
fn paths_are_cut_out_of_urls_as_by_google() {
    for record in records("google-paths.json") {
        let url = text(&record, "url");
        let absolute = match url {
            _ if url.contains("://") && url.starts_with("http") => url.to_owned(),
            _ if url.starts_with("//") => format!("http:{url}"),
            _ if url.starts_with('/') || url.is_empty() => format!("http://host{url}"),
            _ => format!("http://{url}"),
        };
        let path = CanonicalUrl::parse(&absolute).unwrap().path_and_query().to_owned();
        assert_eq!(path, text(&record, "expected"), "{record}");
    }
}

#[test]
fn patterns_are_escaped_as_by_google() {
    for record in records("google-escape.json") {
        let escaped = Reading::AsSpelled.of_rule(text(&record, "pattern").as_bytes());
        assert_eq!(escaped, text(&record, "expected"), "{record}");
    }
}

#[test]
fn lines_are_read_as_by_google() {
    for record in records("google-parse.json") {
        let body = base64(text(&record, "robots_txt_base64"));
        let fields: Vec<_> = lines(&body).filter(|line| line.field.is_some()).collect();
        let known = fields.iter().filter(|line| is_known(line.field)).count();
        let found = |key: &str| match key {
            "valid_directives" => Value::from(known),
            "unknown_directives" => Value::from(fields.len() - known),
            "last_line_seen" => Value::from(fields.last().unwrap().number),
            "sitemap" => Value::from(Robots::parse(&body).sitemaps()[0].clone()),
            _ => panic!("unexpected key {key}"),
        };
        for (key, expected) in record["expected"].as_object().unwrap() {
            assert_eq!(&found(key), expected, "{key} of {record}");
        }
    }
}

#[test]
fn lines_are_classified_as_in_googles_reports() {
    for record in records("google-reporting.json") {
        let body = text(&record, "robots_txt").as_bytes();
        let read: Vec<_> = lines(body).collect();
        let known = read.iter().filter(|line| is_known(line.field)).count();
        assert_eq!(Value::from(known), record["expected"]["valid_directives"]);
        assert_eq!(Value::from(read.len()), record["expected"]["last_line_seen"]);
        for expected in record["lines"].as_array().unwrap() {
            let number = usize::try_from(expected["line"].as_u64().unwrap()).unwrap();
            let field = read[number - 1].field;
            assert_eq!(tag(field), text(expected, "tag").replace("Unused", "Unknown"));
            assert_eq!(Value::from(field.is_some()), expected["has_directive"], "{expected}");
        }
    }
}

fn tag(field: Option<(Key, &[u8])>) -> &'static str {
    match field {
        Some((Key::UserAgent, _)) => "UserAgent",
        Some((Key::Allow, _)) => "Allow",
        Some((Key::Disallow, _)) => "Disallow",
        Some((Key::Sitemap, _)) => "Sitemap",
        _ => "Unknown",
    }
}

fn is_known(field: Option<(Key, &[u8])>) -> bool {
    tag(field) != "Unknown"
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = DIGITS.iter().position(|digit| *digit == byte).unwrap();
        bits = bits << 6 | u32::try_from(digit).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xFF).unwrap());
        }
    }
    out
}
