//! Text that would be read as Markdown, made text again.
//!
//! Only what would change the meaning is escaped: the text is searched and read by models, and each
//! backslash in it is noise.

/// Text that may stand in a line of Markdown.
pub(in crate::extract) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for word in text.split(' ') {
        if !out.is_empty() {
            out.push(' ');
        }
        push_word(&mut out, word, false);
    }
    out
}

/// Writes a word. `in_link` escapes brackets, too.
pub(super) fn push_word(out: &mut String, word: &str, in_link: bool) {
    if !word.bytes().any(|byte| matches!(byte, b'*' | b'`' | b'[' | b']' | b'_' | b'<' | b'\\')) {
        out.push_str(word);
        return;
    }
    let mut rest = word.chars().peekable();
    let mut inside = false;
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let special = match c {
            '*' | '`' => true,
            '[' | ']' => in_link,
            // Inside of a word an underscore means nothing.
            '_' => !inside || next.is_none(),
            '<' => next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?')),
            '\\' => next.is_some_and(|next| next.is_ascii_punctuation()),
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
        inside = c.is_alphanumeric();
    }
}

/// How many bytes of the first word of a line stand before the character to escape, if there is one.
pub(super) fn line_start(word: &str) -> Option<usize> {
    let all = |mark: char| word.chars().all(|c| c == mark);
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let is_number = (1..=9).contains(&digits) && matches!(&word[digits..], "." | ")");
    let is_mark = matches!(word, "-" | "+")
        || (all('#') && word.len() <= 6)
        || ((all('-') || all('=')) && word.len() >= 2)
        || word.starts_with(['>', '|'])
        || word.starts_with("~~~");
    if is_number { Some(digits) } else { is_mark.then_some(0) }
}

#[cfg(test)]
mod tests {
    use super::{escaped, line_start};

    #[test]
    fn what_would_be_read_as_markdown_is_escaped() {
        assert_eq!(escaped("2*3 `x` <b> a_b _c_ \\*"), r"2\*3 \`x\` \<b> a_b \_c\_ \\\*");
        assert_eq!(escaped("a < b, f(x), [1], C:\\dir"), "a < b, f(x), [1], C:\\dir");
    }

    #[test]
    fn the_start_of_a_line_is_escaped_where_it_would_open_a_block() {
        for word in ["-", "#", "###", ">", ">>", "|a", "---", "==", "~~~"] {
            assert_eq!(line_start(word), Some(0), "{word}");
        }
        assert_eq!(line_start("12."), Some(2));
        for word in ["-1", "#1", "1.5", "a", "#######", "="] {
            assert_eq!(line_start(word), None, "{word}");
        }
    }
}
