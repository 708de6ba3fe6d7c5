//! Character references in attribute values.
//!
//! Follows the HTML standard, 13.2.5.72 to 13.2.5.80, for what occurs in URLs: numbers, Latin-1 names and the
//! names of ASCII punctuation. Other names stay as they are.

/// Names of ASCII characters that need their semicolon.
const ASCII: [(&str, char); 30] = [
    ("apos", '\''),
    ("colon", ':'),
    ("sol", '/'),
    ("bsol", '\\'),
    ("period", '.'),
    ("num", '#'),
    ("quest", '?'),
    ("equals", '='),
    ("lowbar", '_'),
    ("comma", ','),
    ("lpar", '('),
    ("rpar", ')'),
    ("percnt", '%'),
    ("plus", '+'),
    ("commat", '@'),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("dollar", '$'),
    ("ast", '*'),
    ("semi", ';'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("lcub", '{'),
    ("rcub", '}'),
    ("verbar", '|'),
    ("grave", '`'),
    ("Hat", '^'),
];

/// Names that are also read without a semicolon, in old pages.
const LEGACY: [(&str, char); 7] =
    [("amp", '&'), ("AMP", '&'), ("lt", '<'), ("LT", '<'), ("gt", '>'), ("GT", '>'), ("quot", '"')];

/// Names of U+00A0 to U+00FF, likewise read without a semicolon.
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
    "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot",
    "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",
    "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
    "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash",
    "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde",
    "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
    "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave",
    "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// The attribute value that this source text stands for.
pub(crate) fn decode(mut source: &str) -> String {
    let mut value = String::with_capacity(source.len());
    while let Some(start) = source.find('&') {
        value.push_str(&source[..start]);
        let reference = &source[start + 1..];
        let read = reference.strip_prefix('#').map_or_else(|| named(reference), numeric);
        if let Some((character, rest)) = read {
            value.push(character);
            source = rest;
        } else {
            value.push('&');
            source = reference;
        }
    }
    value + source
}

/// Reads what follows `&#`.
fn numeric(text: &str) -> Option<(char, &str)> {
    let (radix, digits) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, text),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (number, rest) = digits.split_at(end);
    if number.is_empty() {
        return None;
    }
    let code = u32::from_str_radix(number, radix).ok().filter(|code| *code != 0);
    let character = code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    Some((character, rest.strip_prefix(';').unwrap_or(rest)))
}

/// Reads what follows `&`.
fn named(text: &str) -> Option<(char, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if let Some(rest) = rest.strip_prefix(';') {
        return character(name).map(|character| (character, rest));
    }
    // In an attribute `&copy=1` is a parameter named "copy", and so is `&copyright`: without its semicolon
    // a name must end the run of letters and not stand before "=".
    let old = !rest.starts_with('=') && !ASCII.iter().any(|(ascii, _)| *ascii == name);
    character(name).filter(|_| old).map(|character| (character, rest))
}

fn character(name: &str) -> Option<char> {
    let mut listed = ASCII.iter().chain(&LEGACY);
    let ascii = listed.find(|(listed, _)| *listed == name).map(|(_, character)| *character);
    let latin = || (0xa0..=0xff).map(char::from).zip(LATIN).find(|(_, latin)| *latin == name);
    ascii.or_else(|| latin().map(|(character, _)| character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_decoded_and_parameters_that_look_like_them_are_not() {
        let cases = [
            ("/a?b=1&amp;c=2", "/a?b=1&c=2"),
            ("/a?b=1&#38;c=2&#x26;d&#X26;e", "/a?b=1&c=2&d&e"),
            ("/a?b=1&c=2&", "/a?b=1&c=2&"),
            ("/a?b&copy=1&copyright=2&copy;", "/a?b&copy=1&copyright=2©"),
            ("/a&amp", "/a&"),
            ("/caf&eacute;/&yuml;&nbsp;", "/café/ÿ\u{a0}"),
            ("&sol;a&sol", "/a&sol"),
            ("&#0;&#xd800;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("&#;&#x;&unknown;&;", "&#;&#x;&unknown;&;"),
            ("&amp;amp;", "&amp;"),
        ];
        for (source, value) in cases {
            assert_eq!(decode(source), value, "{source}");
        }
    }
}
