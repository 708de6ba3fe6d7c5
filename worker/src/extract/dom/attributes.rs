//! Where a tag has more attributes than are read.

use std::ops::Range;

use super::MAX_ATTRIBUTES;

/// What the next byte of a tag belongs to, as in the HTML standard's tokenizer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    TagName,
    Gap,
    Name,
    AfterName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
}

impl At {
    /// What follows `byte`. None: the tag ends with it.
    fn after(self, byte: u8) -> Option<Self> {
        let is_space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
        Some(match (self, byte) {
            (Self::Quoted(quote), _) if byte == quote => Self::Gap,
            (Self::Quoted(_), _) => self,
            (_, b'>') => return None,
            (Self::BeforeValue, b'"' | b'\'') => Self::Quoted(byte),
            (Self::BeforeValue, _) if is_space => self,
            (Self::BeforeValue, _) => Self::Unquoted,
            (Self::Unquoted | Self::TagName, _) if is_space => Self::Gap,
            (Self::Unquoted, _) => self,
            (_, b'/') => Self::Gap,
            (Self::TagName, _) => self,
            (Self::Name | Self::AfterName, b'=') => Self::BeforeValue,
            (Self::Name | Self::AfterName, _) if is_space => Self::AfterName,
            (Self::Gap, _) if is_space => self,
            (Self::Gap | Self::AfterName | Self::Name, _) => Self::Name,
        })
    }
}

/// The attributes of a tag beyond the limit that begin at `from` or later. `text` starts with the tag.
pub(super) fn excess(text: &str, from: usize) -> Option<Range<usize>> {
    if !is_tag(text) {
        return None;
    }
    let (mut at, mut attributes, mut start) = (At::TagName, 0, None);
    for (position, byte) in text.bytes().enumerate().skip(1 + usize::from(text.starts_with("</"))) {
        let Some(next) = at.after(byte) else {
            return start.map(|start| start..position);
        };
        if next == At::Name && at != At::Name {
            attributes += 1;
            if attributes > MAX_ATTRIBUTES && position >= from {
                start.get_or_insert(position);
            }
        }
        at = next;
    }
    start.map(|start| start..text.len())
}

/// No comment, declaration or text.
fn is_tag(text: &str) -> bool {
    let name = text.strip_prefix("</").or_else(|| text.strip_prefix('<'));
    name.is_some_and(|name| name.starts_with(|letter: char| letter.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(attribute: &str) -> String {
        (0..=MAX_ATTRIBUTES).map(|n| attribute.replace('#', &n.to_string())).collect()
    }

    #[test]
    fn the_first_attribute_beyond_the_limit_is_found_however_they_are_written() {
        for attribute in [" a#", "\na# = b", " a#='>/ <'", "/a#", "a#=\"b\"", " =a#=/", " a#=b'"] {
            let tag = format!("<p {}", many(attribute));
            let last = attribute.replace('#', &MAX_ATTRIBUTES.to_string());
            let start = tag.len() - last.trim_start_matches([' ', '\n', '/']).len();
            let text = format!("{tag} ><a {}>", many(" c#"));
            assert_eq!(excess(&text, 0), Some(start..tag.len() + 1), "{attribute}");
            assert_eq!(excess(&tag, 0), Some(start..tag.len()), "{attribute}");
            assert_eq!(excess(&text, start + 1), None, "{attribute}");
        }
    }

    #[test]
    fn values_text_and_comments_are_no_attributes() {
        let words = many(" b#");
        for text in
            [format!("<p a='{words}'>"), format!("<p>{words}"), format!("<!--{words}"), format!("< {words}")]
        {
            assert_eq!(excess(&text, 0), None);
        }
    }
}
