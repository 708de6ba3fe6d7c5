//! The URL that a person typed as the start of a crawl.

use rad_core::url::CanonicalUrl;

use crate::failure::Failure;

/// Understands a typed URL; a mistake is answered with what was probably meant.
pub(crate) fn parse(url: &str) -> Result<CanonicalUrl, Failure> {
    CanonicalUrl::parse(url).map_err(|error| {
        let hint = if url.contains("://") { String::new() } else { format!("; try https://{url}") };
        Failure::usage(format!("`{url}` can't be crawled: {error}{hint}"))
    })
}
