//! What a page says about itself beside its title: description, author, dates.

use serde_json::Value;

use super::linked_data::LinkedData;
use super::one_line;

/// Longest value kept, in characters.
const MAX_CHARS: usize = 500;

/// What a page declares about itself, from Open Graph, other `<meta>` elements and JSON-LD. Nothing is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The title for others to show, which often lacks the site's name.
    pub title: Option<String>,
    /// A sentence or two about the page.
    pub description: Option<String>,
    /// Who wrote it; the first, where there are several.
    pub author: Option<String>,
    /// When it was published, as it stands there (mostly ISO 8601).
    pub published: Option<String>,
    /// When it was changed last.
    pub modified: Option<String>,
    /// The name of the site.
    pub site: Option<String>,
    /// The address of a picture, as it stands there.
    pub image: Option<String>,
    /// The kind of page by Open Graph (`og:type`).
    pub kind: Option<String>,
}

impl Metadata {
    /// What is known, by the names of the fields, as it is stored.
    pub(crate) fn to_json(&self) -> Value {
        let fields = [
            ("title", &self.title),
            ("description", &self.description),
            ("author", &self.author),
            ("published", &self.published),
            ("modified", &self.modified),
            ("site", &self.site),
            ("image", &self.image),
            ("kind", &self.kind),
        ];
        let known = fields.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        known.map(|(name, value)| (name.to_owned(), Value::from(value.as_str()))).collect()
    }

    /// Takes the value of a `<meta>` element; the first of a kind counts.
    pub(super) fn take(&mut self, key: &str, value: &str) {
        let slot = match key {
            "og:title" | "twitter:title" => &mut self.title,
            "description" | "og:description" | "twitter:description" => &mut self.description,
            "author" | "article:author" | "dc.creator" | "dcterms.creator" | "byl" => &mut self.author,
            "article:published_time"
            | "datepublished"
            | "date"
            | "dc.date"
            | "dcterms.date"
            | "pubdate"
            | "publish-date"
            | "dcterms.created" => &mut self.published,
            "article:modified_time"
            | "og:updated_time"
            | "datemodified"
            | "last-modified"
            | "dcterms.modified" => &mut self.modified,
            "og:site_name" | "application-name" => &mut self.site,
            "og:image" | "twitter:image" => &mut self.image,
            "og:type" => &mut self.kind,
            _ => return,
        };
        // Pages that name their author by an address name nobody.
        let is_address = key == "article:author" && value.contains("://");
        if slot.is_none() && !is_address {
            *slot = one_line(value, MAX_CHARS);
        }
    }

    /// Fills in what only JSON-LD says. Its authors and dates are kept with more care than those in `<meta>`.
    pub(super) fn complete(&mut self, linked: &LinkedData) {
        let prefer = |slot: &mut Option<String>, value: &Option<String>| {
            if value.is_some() {
                slot.clone_from(value);
            }
        };
        prefer(&mut self.author, &linked.author);
        prefer(&mut self.published, &linked.published);
        prefer(&mut self.modified, &linked.modified);
        self.title = self.title.take().or_else(|| linked.title.clone());
        self.description = self.description.take().or_else(|| linked.description.clone());
        self.image = self.image.take().or_else(|| linked.image.clone());
    }
}
