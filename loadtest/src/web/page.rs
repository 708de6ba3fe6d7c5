//! Puts the HTML of a page together.
//!
//! Next to its real links a page carries what looks like one and isn't (in a comment, in a script) and
//! links that lead nowhere (`mailto:`, another host, its own fragment): a crawler that takes the bait shows
//! up in the server's log under `/trap/`.

use crate::web::graph::PageNumber;
use crate::web::seeded::{Purpose, Seeded};
use crate::web::site::Site;

/// What a link paragraph, the tail and the frame add to the blocks, so that pages come near their size.
const LINK_BYTES: usize = 170;
const FOOTER: &str = "</main>\n<footer>\n<p><a href=\"#content\">Back to top</a> \
<a href=\"mailto:docs@site.invalid\">Mail</a> <a href=\"https://elsewhere.invalid/\">Elsewhere</a></p>\n\
<!-- <a href=\"/trap/comment\">old navigation</a> -->\n\
<script>const old = '<a href=\"/trap/script\">old</a>';</script>\n</footer>\n</body>\n</html>\n";

/// The HTML of `page`, whatever its kind.
pub(crate) fn html(site: &Site, page: PageNumber) -> String {
    let mut seeded = Seeded::new(site.spec().seed, Purpose::Text, page.0);
    let wanted = usize::try_from(site.spec().body_bytes).expect("a 32-bit size fits");
    let mut html = String::with_capacity(wanted + 4 * 1024);
    head(site, page, &mut seeded, &mut html);
    let links = site.links(page);
    let mut links = links.iter();
    while html.len() + FOOTER.len() + links.len() * LINK_BYTES < wanted {
        html.push_str(seeded.pick_text(site.blocks()));
        // The first links stand in the text; what the text has no room for goes to the list below it.
        if let Some(link) = links.next() {
            html.push_str("<p>See ");
            anchor(site, *link, &mut html);
            html.push_str(" for the details.</p>\n");
        }
    }
    related(site, links.as_slice(), &mut html);
    html.push_str(FOOTER);
    html
}

/// The part of every page that names the site: all of it is the same on each page.
pub(crate) fn navigation(site: &Site) -> String {
    let mut html = "<nav>\n<a href=\"#content\">Skip to content</a>\n<ul>\n".to_owned();
    for page in site.navigation_links() {
        html.push_str("<li>");
        anchor(site, page, &mut html);
        html.push_str("</li>\n");
    }
    html + "</ul>\n</nav>\n"
}

/// Everything up to the first block. The number in title and heading makes each page unique.
fn head(site: &Site, page: PageNumber, seeded: &mut Seeded, html: &mut String) {
    let title = site.title(page);
    let intro = site.vocabulary().paragraph(seeded);
    html.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    html.push_str(&title);
    html.push_str("</title>\n<style>body { max-width: 60em; margin: auto }</style>\n</head>\n<body>\n");
    html.push_str(site.navigation());
    html.push_str("<main id=\"content\">\n<h1>");
    html.push_str(&title);
    html.push_str("</h1>\n<p>");
    html.push_str(&intro);
    html.push_str("</p>\n");
}

fn related(site: &Site, links: &[PageNumber], html: &mut String) {
    if links.is_empty() {
        return;
    }
    html.push_str("<section>\n<h2>Related</h2>\n<ul>\n");
    for link in links {
        html.push_str("<li>");
        anchor(site, *link, html);
        html.push_str("</li>\n");
    }
    html.push_str("</ul>\n</section>\n");
}

fn anchor(site: &Site, page: PageNumber, html: &mut String) {
    html.push_str("<a href=\"");
    html.push_str(&site.path(page).replace('&', "&amp;"));
    html.push_str("\">");
    html.push_str(&site.title(page));
    html.push_str("</a>");
}
