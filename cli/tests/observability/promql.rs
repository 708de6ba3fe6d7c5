//! Reads out of a `PromQL` expression which series it uses, and which labels it expects of them.
//!
//! Not a parser: promtool checks the syntax. It knows the forms that rad's files use and panics at others.

use std::collections::BTreeSet;

/// Words that are neither functions nor series.
const OPERATORS: [&str; 6] = ["and", "or", "unless", "bool", "offset", "by"];

/// A series in an expression.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Used {
    /// Its name.
    pub(crate) series: String,
    /// Labels that it is selected, grouped or joined by.
    pub(crate) labels: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A name, with the labels of its selector.
    Name(String, Vec<String>),
    /// `by (a, b)`, `on (a, b)`.
    Labels(String, Vec<String>),
    Open,
    Close,
}

/// All series of `expression`.
pub(crate) fn used(expression: &str) -> BTreeSet<Used> {
    let tokens = tokens(expression);
    let mut all = BTreeSet::new();
    // Labels that hold for the parenthesis that comes next, and for each that is open.
    let (mut coming, mut open) = (Vec::new(), Vec::<Vec<String>>::new());
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Labels(word, labels) if word == "by" => {
                assert_eq!(
                    tokens.get(index + 1),
                    Some(&Token::Open),
                    "write `sum by (a) (...)`: {expression}"
                );
                coming.clone_from(labels);
            }
            // What joins by labels does so on both sides.
            Token::Labels(..) => {}
            Token::Open => open.push(std::mem::take(&mut coming)),
            Token::Close => drop(open.pop().expect("promtool has counted the parentheses")),
            Token::Name(name, selected) => {
                let function = tokens.get(index + 1) == Some(&Token::Open)
                    || matches!(tokens.get(index + 1), Some(Token::Labels(word, _)) if word == "by");
                if !function && !OPERATORS.contains(&name.as_str()) {
                    let grouped = open.iter().flatten().chain(selected).cloned();
                    all.insert(Used { series: name.clone(), labels: grouped.collect() });
                }
            }
        }
    }
    all
}

/// Labels that the result of an aggregation has.
pub(crate) fn grouped(expression: &str) -> BTreeSet<String> {
    let lists = tokens(expression).into_iter().filter_map(|token| match token {
        Token::Labels(word, labels) if word == "by" => Some(labels),
        _ => None,
    });
    lists.flatten().filter(|label| label != "le").collect()
}

/// Labels of `on (...)`.
pub(crate) fn joined(expression: &str) -> BTreeSet<String> {
    let lists = tokens(expression).into_iter().filter_map(|token| match token {
        Token::Labels(word, labels) if word == "on" => Some(labels),
        _ => None,
    });
    lists.flatten().collect()
}

fn tokens(expression: &str) -> Vec<Token> {
    let mut rest = expression.trim_start();
    let mut all = Vec::new();
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '(' => put(&mut all, Token::Open),
            ')' => put(&mut all, Token::Close),
            // Ranges, numbers with their units, and text hold no names.
            '[' => rest.find(']').expect("promtool has seen the end of the range") + 1,
            '"' => 2 + rest[1..].find('"').expect("promtool has seen the end of the text"),
            '0'..='9' => length(rest, |letter| letter.is_ascii_alphanumeric() || letter == '.'),
            _ if is_name(first) => named(rest, &mut all),
            _ => first.len_utf8(),
        };
        rest = rest[taken..].trim_start();
    }
    all
}

fn put(all: &mut Vec<Token>, token: Token) -> usize {
    all.push(token);
    1
}

/// A name with what belongs to it; returns how long that is.
fn named(rest: &str, all: &mut Vec<Token>) -> usize {
    let length = length(rest, is_name);
    let (name, after) = rest.split_at(length);
    let trimmed = after.trim_start();
    let skipped = length + after.len() - trimmed.len();
    if matches!(name, "by" | "on") && trimmed.starts_with('(') {
        let end = trimmed.find(')').expect("promtool has counted the parentheses");
        let labels = trimmed[1..end].split(',').map(|label| label.trim().to_owned());
        all.push(Token::Labels(name.to_owned(), labels.filter(|label| !label.is_empty()).collect()));
        return skipped + end + 1;
    }
    let Some(selector) = trimmed.strip_prefix('{') else {
        all.push(Token::Name(name.to_owned(), Vec::new()));
        return length;
    };
    let end = selector.find('}').expect("promtool has seen the end of the selector");
    let labels = selector[..end].split(',').filter_map(|matcher| matcher.split(['=', '!']).next());
    let labels = labels.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
    all.push(Token::Name(name.to_owned(), labels.collect()));
    skipped + 1 + end + 1
}

fn length(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !wanted(letter)).unwrap_or(text.len())
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'
}

#[test]
fn series_are_found_with_the_labels_that_are_expected_of_them() {
    let expression = "histogram_quantile(0.95, sum by (le, op) (rate(rad_x_bucket{phase=\"total\", a!~\"b|c\"}[5m])))\n\
                      > 1e-9 and on (job) rad:y:rate5m unless up{job=~\"rad-.*\"}";
    let expected =
        [("rad:y:rate5m", vec![]), ("rad_x_bucket", vec!["a", "le", "op", "phase"]), ("up", vec!["job"])];
    let found: Vec<_> = used(expression).into_iter().map(|used| (used.series, used.labels)).collect();
    let expected = expected.map(|(series, labels)| {
        (series.to_owned(), labels.into_iter().map(str::to_owned).collect::<BTreeSet<_>>())
    });
    assert_eq!(found, expected);
    assert_eq!(grouped(expression).into_iter().collect::<Vec<_>>(), ["op"]);
    assert_eq!(joined(expression).into_iter().collect::<Vec<_>>(), ["job"]);
}
