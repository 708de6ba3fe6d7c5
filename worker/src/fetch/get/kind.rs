//! What a response is read as, by its type and the name of its file.

/// How a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A page: HTML, Markdown or plain text.
    Page,
    /// A sitemap or a feed: it lists pages and is none itself.
    Sitemap,
}

const PAGES: [&str; 3] = ["text/html", "application/xhtml+xml", "text/markdown"];
const LISTS: [&str; 5] =
    ["application/xml", "text/xml", "application/rss+xml", "application/atom+xml", "application/rdf+xml"];
/// What servers call a file that was packed beforehand.
const PACKED: [&str; 4] =
    ["application/gzip", "application/x-gzip", "application/octet-stream", "binary/octet-stream"];

impl Kind {
    /// None: the body is not wanted.
    pub(super) fn of(media_type: &str, path: &str) -> Option<Self> {
        let file = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let is_packed =
            || file.ends_with(".xml.gz") || (file.contains("sitemap") && file.strip_suffix(".gz").is_some());
        match media_type {
            kind if PAGES.contains(&kind) => Some(Self::Page),
            kind if LISTS.contains(&kind) => Some(Self::Sitemap),
            // Plain text is a page, unless its name says that it lists them.
            "text/plain" if file.contains("sitemap") => Some(Self::Sitemap),
            "text/plain" => Some(Self::Page),
            kind if PACKED.contains(&kind) && is_packed() => Some(Self::Sitemap),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn the_type_decides_and_where_it_says_little_the_name() {
        for (media_type, path, kind) in [
            ("text/html", "/sitemap.xml", Some(Kind::Page)),
            ("application/xml", "/any", Some(Kind::Sitemap)),
            ("text/plain", "/notes.txt", Some(Kind::Page)),
            ("text/plain", "/Sitemap-2.txt", Some(Kind::Sitemap)),
            ("application/x-gzip", "/pages.xml.gz", Some(Kind::Sitemap)),
            ("application/octet-stream", "/sitemap.txt.gz", Some(Kind::Sitemap)),
            ("application/octet-stream", "/setup.gz", None),
            ("image/png", "/sitemap.png", None),
        ] {
            assert_eq!(Kind::of(media_type, path), kind, "{media_type} {path}");
        }
    }
}
