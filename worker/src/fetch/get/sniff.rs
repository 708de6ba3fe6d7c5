//! Guesses whether a body without a Content-Type is HTML.
//!
//! The marks are those of the WHATWG MIME Sniffing Standard, section 7.1.

const MARKS: [&[u8]; 17] = [
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<script",
    b"<iframe",
    b"<h1",
    b"<div",
    b"<font",
    b"<table",
    b"<a",
    b"<style",
    b"<title",
    b"<b",
    b"<body",
    b"<br",
    b"<p",
    b"<!--",
];

/// Whether `start`, the first bytes of a body, begins like an HTML document.
pub(super) fn looks_like_html(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    MARKS.iter().any(|mark| begins_with(start, mark))
}

/// A mark ends with the tag's name, so a space or `>` has to follow; a comment may go on at once.
fn begins_with(start: &[u8], mark: &[u8]) -> bool {
    let Some((head, rest)) = start.split_at_checked(mark.len()) else {
        return false;
    };
    let ends = mark == b"<!--" || matches!(rest.first(), Some(b' ' | b'>'));
    head.eq_ignore_ascii_case(mark) && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_told_by_its_first_tag() {
        for html in [
            "<!DOCTYPE html><p>",
            "\u{feff}\r\n <HTML lang=en>",
            "<body>",
            "<!--x--><html>",
            "<p >a",
            "<a href=x>",
        ] {
            assert!(looks_like_html(html.as_bytes()), "{html}");
        }
    }

    #[test]
    fn other_bodies_are_not_html() {
        for other in
            ["", "plain text", "<abbr>", "<?xml version='1.0'?><rss/>", "{\"a\":1}", "%PDF-1.7", "<html"]
        {
            assert!(!looks_like_html(other.as_bytes()), "{other}");
        }
    }
}
