//! What classes, ids and roles say about a part of a page.
//!
//! Names are cut into words, and words that mean the same are one bit. These are words that templates of all
//! kinds use; none belongs to one site.

use scraper::node::Element;

use crate::extract::lexicon::{self, Lexicon};

/// Bits of the meanings that an element's names have.
pub(in crate::extract) type Names = u64;

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
    let (mut names, mut word, mut length) = (0, [0_u8; lexicon::MAX_BYTES], 0);
    let mut was_lower = false;
    for &byte in bytes {
        let starts = byte.is_ascii_uppercase() && was_lower;
        if starts || !byte.is_ascii_alphabetic() {
            names |= known(word, length);
            (word, length) = ([0; lexicon::MAX_BYTES], 0);
        }
        was_lower = byte.is_ascii_lowercase();
        if byte.is_ascii_alphabetic() {
            if length < MAX_WORD {
                word[length] = byte.to_ascii_lowercase();
            }
            length += 1;
        }
    }
    names | known(word, length)
}

fn known(word: [u8; lexicon::MAX_BYTES], length: usize) -> Names {
    if !(2..=MAX_WORD).contains(&length) {
        return 0;
    }
    WORDS.find(word).map_or(0, |bit| 1 << bit)
}

/// The words, by their meanings: first what stands around the content of any page and where it stands, from 29 on what
/// a part is about and how it is shown.
static WORDS: Lexicon<u8> = Lexicon::new(&[
    (0, "comment comments disqus commentlist respond"),
    (1, "reply replies quote"),
    (2, "share sharing social socials sharedaddy addtoany follow"),
    (3, "related recommended recommend recirc upsell upsells similar"),
    (4, "nav navbar navigation navigate topbar megamenu"),
    (5, "menu submenu dropdown flyout"),
    (6, "breadcrumb breadcrumbs crumb crumbs breadcrumblist"),
    (7, "footer foot bottom colophon contentinfo"),
    (8, "header head masthead top"),
    (9, "sidebar side rail aside complementary sidenav sphinxsidebar"),
    (10, "widget widgets wp"),
    (11, "ad ads advert advertisement sponsor sponsored dfp adsense"),
    (12, "promo promotion promotions banner offer teaser"),
    (13, "cookie cookies consent gdpr onetrust privacy"),
    (14, "modal popup overlay dialog lightbox drawer offcanvas"),
    (15, "newsletter subscribe signup subscription optin mailchimp"),
    (16, "login signin register account auth"),
    (17, "search searchbox searchform autocomplete"),
    (18, "author byline bio authors contributor"),
    (19, "meta metadata info infos"),
    (20, "date time published timestamp datetime"),
    (21, "tag tags taxonomy topics keywords"),
    (22, "category categories cat cats"),
    (23, "pagination pager paging prev next pagenav previous"),
    (24, "article story articlebody blog news"),
    (25, "post posts entry"),
    (26, "content contents body copy"),
    (27, "main primary central"),
    (28, "text richtext rte prose markdown wysiwyg paragraph editor"),
    (29, "product products woocommerce pdp sku"),
    (30, "item items tile tiles"),
    (31, "price prices pricing sale cost"),
    (32, "description desc summary excerpt intro lead abstract"),
    (33, "spec specs specification specifications attribute attributes details detail"),
    (34, "review reviews rating ratings stars reviewbody"),
    (35, "thread message messages topic forum discussion bbs"),
    (36, "answer answers question questions faq faqs accordion accordions"),
    (37, "user avatar member profile signature username"),
    (38, "list listing listings grid results result collection feed"),
    (39, "card cards"),
    (40, "hero jumbotron intros"),
    (41, "title headline heading subtitle name"),
    (42, "feature features benefits service services"),
    (43, "testimonial testimonials clients team"),
    (44, "toc outline toctree"),
    (45, "copyright legal disclaimer terms"),
    (46, "cta btn button buttons"),
    (47, "filter filters facet facets sort refine toolbar"),
    (48, "cart basket checkout wishlist minicart"),
    (49, "more popular trending latest recent featured also"),
    (50, "caption image img gallery media figure thumbnail"),
    (51, "slider carousel swiper slick slide slides"),
    (52, "tab tabs panel collapse tabpanel"),
    (53, "hidden hide sr visually screen invisible skip none"),
    (54, "alert notice notification toast warning announcement"),
    (55, "action actions tools control controls print vote votes like"),
]);

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
