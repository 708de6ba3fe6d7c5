//! What a page says about itself in JSON-LD, as shops, news and forums do.

use serde_json::{Map, Value};

use super::features::Kinds;
use super::one_line;

/// Larger scripts are catalogues, not descriptions of the page, in bytes.
const MAX_BYTES: usize = 200_000;

/// Objects looked at in one script.
const MAX_OBJECTS: usize = 300;

/// Longest value kept, in characters.
const MAX_CHARS: usize = 500;

/// The kinds of pages that types name, by the bit that stands for them.
const KINDS: [(Kinds, &[&str]); 5] = [
    (8, &["Product", "ProductGroup"]),
    (16, &["Article", "NewsArticle", "BlogPosting", "TechArticle", "Report"]),
    (32, &["ItemList", "CollectionPage", "SearchResultsPage"]),
    (64, &["DiscussionForumPosting", "QAPage", "Question"]),
    (128, &["LocalBusiness", "Service", "Organization"]),
];

/// What one page's scripts say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LinkedData {
    pub(super) kinds: Kinds,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) author: Option<String>,
    pub(super) published: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) language: Option<String>,
    pub(super) image: Option<String>,
}

impl LinkedData {
    /// Reads one script. What is not JSON, or not an object of a known type, is passed over.
    pub(super) fn read(&mut self, script: &str) {
        if script.len() > MAX_BYTES {
            return;
        }
        let Ok(value) = serde_json::from_str::<Value>(script) else { return };
        let mut left = vec![&value];
        let mut seen = 0;
        while let Some(value) = left.pop().filter(|_| seen < MAX_OBJECTS) {
            seen += 1;
            match value {
                Value::Array(values) => left.extend(values.iter().rev()),
                Value::Object(object) => {
                    self.take(object);
                    left.extend(object.get("mainEntity"));
                    left.extend(object.get("@graph"));
                }
                _ => {}
            }
        }
    }

    fn take(&mut self, object: &Map<String, Value>) {
        let kinds = kinds(object.get("@type"));
        self.kinds |= kinds;
        // Objects of other types describe the site, its owner or its navigation.
        if kinds & (8 | 16 | 64) == 0 {
            return;
        }
        let text = |key: &str| object.get(key).and_then(first_text);
        let set = |slot: &mut Option<String>, value: Option<String>| {
            if slot.is_none() {
                *slot = value;
            }
        };
        set(&mut self.title, text("headline").or_else(|| text("name")));
        set(&mut self.description, text("description"));
        set(&mut self.author, text("author").or_else(|| text("creator")));
        set(&mut self.published, text("datePublished").or_else(|| text("dateCreated")));
        set(&mut self.modified, text("dateModified"));
        set(&mut self.language, text("inLanguage"));
        set(&mut self.image, text("image"));
    }
}

fn kinds(types: Option<&Value>) -> Kinds {
    let of = |name: &str| {
        let found = KINDS.iter().find(|(_, names)| names.contains(&name));
        found.map_or(0, |(kind, _)| *kind)
    };
    match types {
        Some(Value::String(name)) => of(name),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).map(of).fold(0, |all, kind| all | kind)
        }
        _ => 0,
    }
}

/// A text, or the name or address of the first object that there is.
fn first_text(value: &Value) -> Option<String> {
    let value = match value {
        Value::Array(values) => values.first()?,
        other => other,
    };
    let text = match value {
        Value::Object(object) => object.get("name").or_else(|| object.get("url"))?.as_str()?,
        other => other.as_str()?,
    };
    one_line(text, MAX_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_in_a_graph_is_read() {
        let mut data = LinkedData::default();
        data.read("not json");
        data.read(
            r#"{"@graph": [{"@type": "Organization", "name": "Site"}, {"@type": ["NewsArticle"], "headline": "H",
                "author": [{"name": "A  B"}, {"name": "C"}], "datePublished": "2024-05-01", "image": {"url": "/i"}}]}"#,
        );
        assert_eq!(data.kinds, 16 | 128);
        assert_eq!(data.title.as_deref(), Some("H"));
        assert_eq!(data.author.as_deref(), Some("A B"));
        assert_eq!(data.published.as_deref(), Some("2024-05-01"));
        assert_eq!(data.image.as_deref(), Some("/i"));
    }

    #[test]
    fn deep_and_endless_scripts_do_no_harm() {
        let mut data = LinkedData::default();
        data.read(&"[".repeat(100_000));
        data.read(&format!("[{}]", vec![r#"{"@type": "Thing"}"#; 5_000].join(",")));
        assert_eq!(data, LinkedData::default());
    }
}
