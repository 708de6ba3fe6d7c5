//! Code: its text as it stands, and its language.

use crate::extract::content::{Fallen, is_left_out};
use crate::extract::walk::{Place, Step, Walk, element, name};

/// Longest name of a language in bytes.
const MAX_LANGUAGE_BYTES: usize = 20;

/// Prefixes of the classes that name a language, by highlighters and documentation tools.
const PREFIXES: [&str; 4] = ["language-", "lang-", "highlight-source-", "highlight-"];

/// The class next to which, among the classes of a `<pre>`, stands the bare name of the language.
const NAMES_NEIGHBOUR: [&str; 3] = ["sourceCode", "prettyprint", "brush:"];

/// The text inside with its white space; without line numbers and buttons.
pub(super) fn text(root: Place<'_>, fallen: &Fallen) -> String {
    let mut out = String::new();
    let mut walk = Walk::new(root);
    while let Some(step) = walk.next() {
        let Step::Enter(place) = step else { continue };
        if place.id() != root.id() && is_left_out(place, fallen) {
            walk.pass_over();
        } else if let Some(text) = place.value().as_text() {
            out.push_str(text);
        } else if name(place) == "br" {
            out.push('\n');
        }
    }
    out
}

/// The language that the classes of a code block name; empty where they name none.
pub(super) fn language(pre: Place<'_>) -> String {
    let inside = pre.children().filter(|child| name(*child) == "code").take(1);
    let around = pre.ancestors().take(2);
    let mut places = std::iter::once(pre).chain(inside).chain(around);
    places.find_map(named).unwrap_or_default()
}

fn named(place: Place<'_>) -> Option<String> {
    let classes: Vec<&str> = element(place)?.classes().collect();
    let prefixed =
        classes.iter().find_map(|class| PREFIXES.iter().find_map(|prefix| class.strip_prefix(prefix)));
    let beside = || {
        let at = classes.iter().position(|class| NAMES_NEIGHBOUR.contains(class));
        at.and_then(|_| classes.iter().find(|class| !NAMES_NEIGHBOUR.contains(class)).copied())
    };
    let language = prefixed.or_else(beside)?.to_ascii_lowercase();
    let plain = matches!(language.as_str(), "default" | "none" | "text" | "plaintext" | "wrapper");
    let valid = language.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+#-_.".contains(&byte));
    (valid && !plain && language.len() <= MAX_LANGUAGE_BYTES).then_some(language)
}
