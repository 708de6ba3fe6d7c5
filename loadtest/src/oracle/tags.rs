//! The start tags of an HTML document, without a parser.
//!
//! Enough of the HTML tokenizer to not be fooled: comments, declarations, end tags and the text of scripts,
//! styles and the like are passed over, and a `>` inside a quoted value ends no tag.

use crate::oracle::entities;

/// Elements whose content is text to the tokenizer, whatever it looks like.
const TEXT: [&str; 9] =
    ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"];

/// A start tag.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// In lower case.
    pub(crate) name: String,
    /// Names in lower case, values with their character references resolved.
    attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute. If it stands there twice, the first counts.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let mut found = self.attributes.iter().filter(|(own, _)| own == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

/// Iterates over the start tags of `html`.
pub(crate) fn tags(html: &str) -> impl Iterator<Item = Tag> {
    let mut source = Source { rest: html };
    std::iter::from_fn(move || source.next_tag())
}

struct Source<'a> {
    rest: &'a str,
}

impl<'a> Source<'a> {
    fn next_tag(&mut self) -> Option<Tag> {
        loop {
            let start = self.rest.find('<')?;
            self.rest = &self.rest[start + 1..];
            if let Some(comment) = self.rest.strip_prefix("!--") {
                self.rest = after_comment(comment);
            } else if self.rest.starts_with(['!', '?']) {
                self.take_until(|c| c == '>');
            } else if let Some(end_tag) = self.rest.strip_prefix('/') {
                self.rest = end_tag;
                self.skip_end_tag()?;
            } else if self.rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
                let tag = self.tag()?;
                self.skip_text(&tag.name);
                return Some(tag);
            }
        }
    }

    /// Reads a tag from its name to its `>`. A document that ends inside a tag doesn't have it.
    fn tag(&mut self) -> Option<Tag> {
        let name = self.take_until(ends_name).to_ascii_lowercase();
        let mut attributes = Vec::new();
        loop {
            self.take_until(|c| !c.is_ascii_whitespace() && c != '/');
            if let Some(rest) = self.rest.strip_prefix('>') {
                self.rest = rest;
                return Some(Tag { name, attributes });
            }
            attributes.push(self.attribute()?);
        }
    }

    fn attribute(&mut self) -> Option<(String, String)> {
        let first = self.rest.chars().next()?;
        // A name may begin with "=", which then belongs to it.
        let (start, rest) = self.rest.split_at(first.len_utf8());
        self.rest = rest;
        let more = self.take_until(|c| ends_name(c) || c == '=');
        let name = format!("{start}{more}").to_ascii_lowercase();
        let after_space = self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
        let Some(value) = after_space.strip_prefix('=') else {
            return Some((name, String::new()));
        };
        self.rest = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
        Some((name, entities::decode(self.value()?)))
    }

    fn value(&mut self) -> Option<&'a str> {
        let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Some(self.take_until(|c| c.is_ascii_whitespace() || c == '>'));
        };
        let (value, rest) = self.rest[1..].split_once(quote)?;
        self.rest = rest;
        Some(value)
    }

    fn skip_end_tag(&mut self) -> Option<()> {
        if self.rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.tag()?;
        } else {
            self.take_until(|c| c == '>');
        }
        Some(())
    }

    /// Moves to the end tag of an element that contains only text, or to the end of the document.
    fn skip_text(&mut self, name: &str) {
        if !TEXT.contains(&name) {
            return;
        }
        while let Some(end) = self.rest.find("</") {
            let after = &self.rest[end + 2..];
            let is_name = after.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
            if is_name && name != "plaintext" && after[name.len()..].starts_with(ends_name) {
                self.rest = &self.rest[end..];
                return;
            }
            self.rest = after;
        }
        self.rest = "";
    }

    fn take_until(&mut self, ends: impl FnMut(char) -> bool) -> &'a str {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

fn ends_name(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '/' | '>')
}

/// What follows a comment, given what follows its `<!--`.
fn after_comment(comment: &str) -> &str {
    // `<!-->` and `<!--->` are whole comments.
    for whole in [">", "->"] {
        if let Some(rest) = comment.strip_prefix(whole) {
            return rest;
        }
    }
    let ends = ["-->", "--!>"].map(|end| comment.find(end).map(|at| at + end.len()));
    let end = ends.into_iter().flatten().min();
    end.map_or("", |end| &comment[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(html: &str) -> Vec<String> {
        tags(html).map(|tag| tag.name).collect()
    }

    #[test]
    fn only_start_tags_outside_of_text_are_seen() {
        let cases: [(&str, &[&str]); 12] = [
            ("<!DOCTYPE html><P>a < b<Br/></P>", &["p", "br"]),
            ("<!-- <a> --><b><!--> <i><!---> <u><!-- --!><s>", &["b", "i", "u", "s"]),
            ("<!-- never closed <a>", &[]),
            ("<script>'<a>' </scripty> </SCRIPT ><b>", &["script", "b"]),
            (
                "<style><a></style><title><a></title><textarea><a></textarea><b>",
                &["style", "title", "textarea", "b"],
            ),
            ("<script>never closed <a>", &["script"]),
            ("<plaintext></plaintext><a>", &["plaintext"]),
            ("<a title='1 > 0'><b>", &["a", "b"]),
            ("</p title='<a>'></ <a> ><b>", &["b"]),
            ("<?xml <a ?><b>", &["b"]),
            ("<a href='unterminated", &[]),
            ("é<é>ü<a é='ü'>", &["a"]),
        ];
        for (html, expected) in cases {
            assert_eq!(names(html), expected, "{html}");
        }
    }

    #[test]
    fn attributes_are_read_in_every_spelling() {
        let html = "<a\n HREF = \"/1?a&amp;b\" hidden data-x=/2/ href='/3' title = 'it\"s'/>";
        let tag = tags(html).next().unwrap();
        assert_eq!(tag.attribute("href"), Some("/1?a&b"));
        assert_eq!(tag.attribute("hidden"), Some(""));
        assert_eq!(tag.attribute("data-x"), Some("/2/"));
        assert_eq!(tag.attribute("title"), Some("it\"s"));
        assert_eq!(tag.attribute("alt"), None);
    }
}
