//! Text without its tags, for the part of a page that is nested too deeply to be parsed.

use super::markdown::Writer;

/// Tags that stay within a line; all others end the paragraph.
const INLINE: [&str; 16] = [
    "a", "abbr", "b", "cite", "code", "em", "font", "i", "img", "kbd", "mark", "small", "span", "strong",
    "sub", "sup",
];

/// The named character references that are common; others stay as they are.
const REFERENCES: [(&str, &str); 6] =
    [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'"), ("nbsp", " ")];

/// Longest character reference that is looked for, in bytes.
const MAX_REFERENCE_BYTES: usize = 10;

/// The paragraphs of a piece of HTML, as Markdown.
pub(super) fn paragraphs(html: &str) -> String {
    let mut out = Writer::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.text(&decoded(&rest[..at]));
        rest = after_tag(&rest[at..], &mut out);
    }
    out.text(&decoded(rest));
    out.finish()
}

/// Passes over a tag, a comment, or code with its tags. What is never closed reaches to the end.
fn after_tag<'a>(tag: &'a str, out: &mut Writer) -> &'a str {
    let name: String = tag[1..]
        .trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if tag.starts_with("<!--") {
        return after(tag, "-->");
    }
    if name.is_empty() && !tag.starts_with("</") && !tag.starts_with("<!") && !tag.starts_with("<?") {
        out.text("<");
        return &tag[1..];
    }
    if !INLINE.contains(&name.as_str()) {
        out.block();
    }
    if !tag.starts_with("</") && matches!(name.as_str(), "script" | "style") {
        return after(after_closing(tag, &name), ">");
    }
    after(tag, ">")
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

fn after_closing<'a>(text: &'a str, name: &str) -> &'a str {
    let closes = |at: &usize| {
        let found = text.as_bytes().get(at + 2..at + 2 + name.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
    };
    let mut ends = text.match_indices("</").map(|(at, _)| at);
    ends.find(closes).map_or("", |at| &text[at..])
}

/// Resolves character references.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest[1..].bytes().take(MAX_REFERENCE_BYTES).position(|byte| byte == b';');
        let character = reference.and_then(|length| referred(&rest[1..=length]));
        let length = match (&character, reference) {
            (Some(_), Some(length)) => length + 2,
            _ => 1,
        };
        out.push_str(character.as_deref().unwrap_or("&"));
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

fn referred(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else {
        let known = REFERENCES.iter().find(|(known, _)| *known == name);
        return known.map(|(_, text)| (*text).to_owned());
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::paragraphs;

    #[test]
    fn tags_comments_and_code_are_taken_out() {
        let html = "a <b>b</b>c<div class='x'>d &amp; &#x65;&#102; &nope; &</div><!-- g > --><p>h<script>if (a</b) </script>i < 1";
        assert_eq!(paragraphs(html), "a bc\n\nd & ef &nope; &\n\nh\n\ni < 1");
    }

    #[test]
    fn what_is_never_closed_hides_the_rest() {
        for html in ["a<b", "a<!-- b", "a<style>b", "a<script>b</script"] {
            assert_eq!(paragraphs(html), "a", "{html}");
        }
    }
}
