//! Text of websites and servers, made harmless for a terminal.
//!
//! Titles and URLs may hold control characters, and a terminal obeys those: it would move the cursor, change its
//! title or answer with text that the shell then reads. Characters that turn the direction of writing around
//! can make one line look like another.

use std::fmt::Write as _;

/// On one line: line ends and tabs become spaces, what else a terminal obeys becomes `�`.
pub(crate) fn line(text: &str) -> String {
    text.chars().map(|letter| if matches!(letter, '\n' | '\r' | '\t') { ' ' } else { seen(letter) }).collect()
}

/// Line ends and tabs stay.
pub(crate) fn lines(text: &str) -> String {
    text.chars().map(|letter| if matches!(letter, '\n' | '\t') { letter } else { seen(letter) }).collect()
}

/// JSON as text, in which no character is left that a terminal obeys. What such a character stands for in a
/// string of JSON stays the same.
pub(crate) fn json(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_obeyed(letter) {
            write!(harmless, "\\u{:04x}", u32::from(letter)).expect("a String takes all writes");
        } else {
            harmless.push(letter);
        }
    }
    harmless
}

fn seen(letter: char) -> char {
    if is_obeyed(letter) { char::REPLACEMENT_CHARACTER } else { letter }
}

/// C0 and C1 controls, and those of bidirectional text (Unicode Technical Report 36). All lie in the first plane.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_reaches_the_terminal() {
        let hostile = "a\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}b\r\n\tc\u{7f}é漢";
        assert_eq!(line(hostile), "a�]0;owned��31m�b   c�é漢");
        assert_eq!(lines("one\n\ttwo\r\u{8}"), "one\n\ttwo��");
    }

    #[test]
    fn json_means_the_same_and_holds_no_control() {
        let title = "\u{1b}[31m\u{9b}\u{202e}\u{7f}\"é";
        let text = json(&serde_json::to_string(title).unwrap());
        assert!(text.chars().all(|letter| !is_obeyed(letter)), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), title);
    }
}
