//! Puts the constants of a script into their places.
//!
//! Lua 5.1 knows no constants: a local that functions name is looked up in each of them, and bound to each of them
//! anew at every call of the script. Literals cost neither. Lines keep their numbers, which Redis' errors name.

use std::collections::HashMap;
use std::fmt::Write as _;

/// `script` with every `local NAME, ... = literal, ...` at the beginning of a line (names in capitals; numbers and
/// strings in single quotes) replaced by its values.
pub(super) fn in_place(script: &str) -> String {
    let mut constants = HashMap::new();
    let mut lines = script.lines().peekable();
    let mut rest = Vec::new();
    while let Some(line) = lines.next() {
        let Some((names, mut values)) = declaration(line) else {
            rest.push(line);
            continue;
        };
        let goes_on = values.is_empty();
        if goes_on {
            values = lines.peek().map_or("", |next| code(next)).trim();
        }
        let values: Vec<_> = values.split(',').map(str::trim).collect();
        if names.len() == values.len() && values.iter().all(|value| is_literal(value)) {
            constants.extend(names.into_iter().zip(values));
            rest.push("");
            if goes_on {
                lines.next();
                rest.push("");
            }
        } else {
            rest.push(line);
        }
    }
    rest.iter().fold(String::with_capacity(script.len()), |mut out, line| {
        replace(line, &constants, &mut out);
        out.push('\n');
        out
    })
}

fn declaration(line: &str) -> Option<(Vec<&str>, &str)> {
    let (names, values) = code(line).strip_prefix("local ")?.split_once('=')?;
    let names: Vec<_> = names.split(',').map(str::trim).collect();
    names.iter().all(|name| is_constant(name)).then(|| (names, values.trim()))
}

fn is_constant(name: &str) -> bool {
    name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn is_literal(value: &str) -> bool {
    let text = value.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let is_text = text.is_some_and(|text| !text.contains(['\'', '\\']));
    is_text || (!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A line without its comment.
fn code(line: &str) -> &str {
    let mut quoted = false;
    let mut before = ' ';
    for (at, char) in line.char_indices() {
        match char {
            '\'' => quoted = !quoted,
            '-' if before == '-' && !quoted => return &line[..at - 1],
            _ => {}
        }
        before = char;
    }
    line
}

fn replace(line: &str, constants: &HashMap<&str, &str>, out: &mut String) {
    let code = code(line);
    for (part, text) in code.split('\'').enumerate() {
        if part % 2 == 1 {
            write!(out, "'{text}'").expect("a string takes all");
            continue;
        }
        let mut words = text.split_inclusive(|char: char| !char.is_ascii_alphanumeric() && char != '_');
        words.by_ref().for_each(|piece| {
            let word = piece.trim_end_matches(|char: char| !char.is_ascii_alphanumeric() && char != '_');
            out.push_str(constants.get(word).unwrap_or(&word));
            out.push_str(&piece[word.len()..]);
        });
    }
    out.push_str(&line[code.len()..]);
}

#[cfg(test)]
mod tests {
    use super::in_place;

    #[test]
    fn constants_stand_where_they_are_named() {
        let script = "local NEAR, FAR = 1, 20 -- in ms\nlocal FORM = '<I4'\nreturn f(x[NEAR], FORM)+FAR\n";
        assert_eq!(in_place(script), "\n\nreturn f(x[1], '<I4')+20\n");
    }

    #[test]
    fn a_declaration_may_take_two_lines() {
        assert_eq!(in_place("local ONE, TWO =\n    1, 2\nreturn ONE, TWO\n"), "\n\nreturn 1, 2\n");
    }

    #[test]
    fn texts_comments_and_other_names_stay() {
        let script = "local FAR = 20\nreturn 'FAR', FARTHER, FAR_OFF -- FAR, 'FAR\nx = 'a--FAR' .. FAR\n";
        let wanted = "\nreturn 'FAR', FARTHER, FAR_OFF -- FAR, 'FAR\nx = 'a--FAR' .. 20\n";
        assert_eq!(in_place(script), wanted);
    }

    #[test]
    fn what_is_computed_or_stands_in_a_block_is_no_constant() {
        let script =
            "local TAG, P = sub(meta), 1\nif x then\n    local FAR = 20\nend\nlocal T = 1\nlocal EMPTY\n";
        assert_eq!(in_place(script), script);
    }
}
