//! Which known name somebody meant.

/// The known name that `typed` is at most two typing mistakes away from, and not by more than a third of its length.
pub(super) fn closest(typed: &str, known: &[&'static str]) -> Option<&'static str> {
    let typed = typed.to_ascii_lowercase().replace(['-', ' '], "_");
    known
        .iter()
        .map(|name| (distance(&typed, name), *name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).min(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Levenshtein's distance: insertions, deletions and replacements.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["url", "scope", "max_pages", "idempotency_key"];

    #[test]
    fn typing_mistakes_are_seen_through() {
        for (typed, meant) in [
            ("ur", "url"),
            ("Scope", "scope"),
            ("maxpages", "max_pages"),
            ("max-page", "max_pages"),
            ("idempotencykey", "idempotency_key"),
        ] {
            assert_eq!(closest(typed, &KNOWN), Some(meant), "{typed}");
        }
    }

    #[test]
    fn another_word_is_not_taken_for_a_mistake() {
        for typed in ["", "id", "depth", "host", "limit", "start_url"] {
            assert_eq!(closest(typed, &KNOWN), None, "{typed}");
        }
    }

    #[test]
    fn distances_are_those_of_the_textbook() {
        for (a, b, steps) in [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "abc", 0), ("ab", "ba", 2)] {
            assert_eq!(distance(a, b), steps);
        }
    }
}
