//! What classes, ids and roles say about a part of a page.
//!
//! Names are cut into words, and words that mean the same are one bit. These are words that templates of all
//! kinds use; none belongs to one site.

use scraper::node::Element;

/// Bits of the meanings that an element's names have.
pub(super) type Names = u64;

/// How many meanings there are.
pub(in crate::extract) const MEANINGS: usize = 56;

/// Meanings of parts that a click shows: answers and accordions, tabs and panels, details.
pub(super) const OPENED: Names = 1 << 36 | 1 << 52 | 1 << 33;

/// Longest name that is looked at, in bytes: utility classes can be endless.
const MAX_BYTES: usize = 200;

/// Longest word that is known, in bytes.
const MAX_WORD: usize = 14;

/// The meanings of an element's class, id, role and microdata.
pub(super) fn of(element: &Element) -> Names {
    let mut names = 0;
    for (name, value) in &element.attrs {
        if matches!(
            &*name.local,
            "class" | "id" | "role" | "itemprop" | "itemtype" | "data-testid" | "aria-label"
        ) {
            names |= words(value);
        }
    }
    names
}

fn words(value: &str) -> Names {
    let bytes = &value.as_bytes()[..value.len().min(MAX_BYTES)];
    let (mut names, mut word, mut length) = (0, [0_u8; MAX_WORD], 0);
    let mut was_lower = false;
    for &byte in bytes {
        let starts = byte.is_ascii_uppercase() && was_lower;
        if starts || !byte.is_ascii_alphabetic() {
            names |= known(&word, length);
            length = 0;
        }
        was_lower = byte.is_ascii_lowercase();
        if byte.is_ascii_alphabetic() {
            if length < MAX_WORD {
                word[length] = byte.to_ascii_lowercase();
            }
            length += 1;
        }
    }
    names | known(&word, length)
}

fn known(word: &[u8; MAX_WORD], length: usize) -> Names {
    match word.get(..length).filter(|word| word.len() > 1).and_then(meaning) {
        Some(bit) => 1 << bit,
        None => 0,
    }
}

/// The meaning of a word in lower case.
fn meaning(word: &[u8]) -> Option<u8> {
    surroundings(word).or_else(|| matter(word))
}

/// Words for what stands around the content of any page, and for where it stands.
fn surroundings(word: &[u8]) -> Option<u8> {
    Some(match word {
        b"comment" | b"comments" | b"disqus" | b"commentlist" | b"respond" => 0,
        b"reply" | b"replies" | b"quote" => 1,
        b"share" | b"sharing" | b"social" | b"socials" | b"sharedaddy" | b"addtoany" | b"follow" => 2,
        b"related" | b"recommended" | b"recommend" | b"recirc" | b"upsell" | b"upsells" | b"similar" => 3,
        b"nav" | b"navbar" | b"navigation" | b"navigate" | b"topbar" | b"megamenu" => 4,
        b"menu" | b"submenu" | b"dropdown" | b"flyout" => 5,
        b"breadcrumb" | b"breadcrumbs" | b"crumb" | b"crumbs" | b"breadcrumblist" => 6,
        b"footer" | b"foot" | b"bottom" | b"colophon" | b"contentinfo" => 7,
        b"header" | b"head" | b"masthead" | b"top" => 8,
        b"sidebar" | b"side" | b"rail" | b"aside" | b"complementary" | b"sidenav" | b"sphinxsidebar" => 9,
        b"widget" | b"widgets" | b"wp" => 10,
        b"ad" | b"ads" | b"advert" | b"advertisement" | b"sponsor" | b"sponsored" | b"dfp" | b"adsense" => 11,
        b"promo" | b"promotion" | b"promotions" | b"banner" | b"offer" | b"teaser" => 12,
        b"cookie" | b"cookies" | b"consent" | b"gdpr" | b"onetrust" | b"privacy" => 13,
        b"modal" | b"popup" | b"overlay" | b"dialog" | b"lightbox" | b"drawer" | b"offcanvas" => 14,
        b"newsletter" | b"subscribe" | b"signup" | b"subscription" | b"optin" | b"mailchimp" => 15,
        b"login" | b"signin" | b"register" | b"account" | b"auth" => 16,
        b"search" | b"searchbox" | b"searchform" | b"autocomplete" => 17,
        b"author" | b"byline" | b"bio" | b"authors" | b"contributor" => 18,
        b"meta" | b"metadata" | b"info" | b"infos" => 19,
        b"date" | b"time" | b"published" | b"timestamp" | b"datetime" => 20,
        b"tag" | b"tags" | b"taxonomy" | b"topics" | b"keywords" => 21,
        b"category" | b"categories" | b"cat" | b"cats" => 22,
        b"pagination" | b"pager" | b"paging" | b"prev" | b"next" | b"pagenav" | b"previous" => 23,
        b"article" | b"story" | b"articlebody" | b"blog" | b"news" => 24,
        b"post" | b"posts" | b"entry" => 25,
        b"content" | b"contents" | b"body" | b"copy" => 26,
        b"main" | b"primary" | b"central" => 27,
        b"text" | b"richtext" | b"rte" | b"prose" | b"markdown" | b"wysiwyg" | b"paragraph" | b"editor" => 28,
        _ => return None,
    })
}

/// Words for what a part is about, and for how it is shown.
fn matter(word: &[u8]) -> Option<u8> {
    Some(match word {
        b"product" | b"products" | b"woocommerce" | b"pdp" | b"sku" => 29,
        b"item" | b"items" | b"tile" | b"tiles" => 30,
        b"price" | b"prices" | b"pricing" | b"sale" | b"cost" => 31,
        b"description" | b"desc" | b"summary" | b"excerpt" | b"intro" | b"lead" | b"abstract" => 32,
        b"spec" | b"specs" | b"specification" | b"specifications" | b"attribute" | b"attributes"
        | b"details" | b"detail" => 33,
        b"review" | b"reviews" | b"rating" | b"ratings" | b"stars" | b"reviewbody" => 34,
        b"thread" | b"message" | b"messages" | b"topic" | b"forum" | b"discussion" | b"bbs" => 35,
        b"answer" | b"answers" | b"question" | b"questions" | b"faq" | b"faqs" | b"accordion"
        | b"accordions" => 36,
        b"user" | b"avatar" | b"member" | b"profile" | b"signature" | b"username" => 37,
        b"list" | b"listing" | b"listings" | b"grid" | b"results" | b"result" | b"collection" | b"feed" => 38,
        b"card" | b"cards" => 39,
        b"hero" | b"jumbotron" | b"intros" => 40,
        b"title" | b"headline" | b"heading" | b"subtitle" | b"name" => 41,
        b"feature" | b"features" | b"benefits" | b"service" | b"services" => 42,
        b"testimonial" | b"testimonials" | b"clients" | b"team" => 43,
        b"toc" | b"outline" | b"toctree" => 44,
        b"copyright" | b"legal" | b"disclaimer" | b"terms" => 45,
        b"cta" | b"btn" | b"button" | b"buttons" => 46,
        b"filter" | b"filters" | b"facet" | b"facets" | b"sort" | b"refine" | b"toolbar" => 47,
        b"cart" | b"basket" | b"checkout" | b"wishlist" | b"minicart" => 48,
        b"more" | b"popular" | b"trending" | b"latest" | b"recent" | b"featured" | b"also" => 49,
        b"caption" | b"image" | b"img" | b"gallery" | b"media" | b"figure" | b"thumbnail" => 50,
        b"slider" | b"carousel" | b"swiper" | b"slick" | b"slide" | b"slides" => 51,
        b"tab" | b"tabs" | b"panel" | b"collapse" | b"tabpanel" => 52,
        b"hidden" | b"hide" | b"sr" | b"visually" | b"screen" | b"invisible" | b"skip" | b"none" => 53,
        b"alert" | b"notice" | b"notification" | b"toast" | b"warning" | b"announcement" => 54,
        b"action" | b"actions" | b"tools" | b"control" | b"controls" | b"print" | b"vote" | b"votes"
        | b"like" => 55,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_signs_and_capitals() {
        assert_eq!(words("post-content"), 1 << 25 | 1 << 26);
        assert_eq!(words("articleBody"), 1 << 24 | 1 << 26);
        assert_eq!(words("site__nav-item1"), 1 << 4 | 1 << 30);
        assert_eq!(words("postal contented x"), 0);
        assert_eq!(words(&"y".repeat(500)), 0);
    }
}
