//! Pages that say "not found" with status 200.
//!
//! Stored, each would be a document, and a site that answers so to any path would be endless. A page is only taken for
//! one if it is short, and both its title and its text say so: a long article about the status 404 does neither.

/// Longest text of such a page, in characters.
const LONGEST: usize = 2_000;

/// What they say, in lower case.
const PHRASES: [&str; 17] = [
    "page not found",
    "page was not found",
    "page could not be found",
    "page cannot be found",
    "page can't be found",
    "page can’t be found",
    "page doesn't exist",
    "page does not exist",
    "not found",
    "seite nicht gefunden",
    "nicht gefunden",
    "page introuvable",
    "page non trouvée",
    "página no encontrada",
    "página não encontrada",
    "pagina non trovata",
    "страница не найдена",
];

/// Whether a page with this title and text says that it is not there.
pub fn says_not_found(title: &str, text: &str) -> bool {
    text.chars().nth(LONGEST).is_none() && is_phrase(title) && is_phrase(text)
}

fn is_phrase(text: &str) -> bool {
    let text = text.to_lowercase();
    let words = || text.split(|c: char| !c.is_alphanumeric());
    words().any(|word| word == "404") || PHRASES.iter().any(|phrase| text.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_pages_that_say_so_twice_are_missing() {
        for (title, text) in [
            ("404 - Example", "# Oops\n\nThis page could not be found."),
            ("Page Not Found | Shop", "404"),
            ("Seite nicht gefunden", "Die Seite wurde nicht gefunden."),
        ] {
            assert!(says_not_found(title, text), "{title}");
        }
    }

    #[test]
    fn pages_about_it_are_not() {
        let article = format!("The status 404 means not found. {}", "Servers send it often. ".repeat(100));
        for (title, text) in [
            ("What is 404?", article.as_str()),
            ("Lost and found", "We found your keys."),
            ("Example", "404 people came."),
            ("Page not found", "Our band has a new record."),
        ] {
            assert!(!says_not_found(title, text), "{title}");
        }
    }
}
