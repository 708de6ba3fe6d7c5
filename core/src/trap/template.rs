//! Templates of URLs whose pages are all alike: an endless list of the same page.
//!
//! `/item/1` and `/item/2` have one template. Where many pages of a template come in a row that say almost the same,
//! the next ones will too, and their links are not worth a fetch. A page that differs sets the count back, so a large
//! catalogue of real pages is never taken for a trap.

use std::collections::HashMap;

use crate::url::CanonicalUrl;

/// Pages in a row that are alike until a template is a trap.
const MOST_ALIKE: u32 = 100;
/// Bits of 64 in which pages that are alike may differ.
const NEAR_BITS: u32 = 3;
/// Templates remembered.
const MOST_TEMPLATES: usize = 2_000;
/// Words that are looked at together.
const SHINGLE: usize = 3;
/// Words from the start of a page that are compared: the frame of a site stands there too.
const MOST_WORDS: usize = 400;
/// Below so many words a page says too little to be compared.
const FEWEST_WORDS: usize = 20;

/// What is known of the templates of one crawl.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    seen: HashMap<String, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    last: u64,
    alike: u32,
}

impl Templates {
    /// Notes a page that was read.
    pub fn note(&mut self, url: &CanonicalUrl, text: &str) {
        let (Some(template), Some(print)) = (template(url), fingerprint(text)) else { return };
        if self.seen.len() >= MOST_TEMPLATES && !self.seen.contains_key(&template) {
            self.seen.retain(|_, seen| seen.alike >= MOST_ALIKE);
        }
        let seen = self.seen.entry(template).or_insert(Seen { last: print, alike: 0 });
        let is_near = (seen.last ^ print).count_ones() <= NEAR_BITS;
        *seen = Seen { last: print, alike: if is_near { seen.alike.saturating_add(1) } else { 0 } };
    }

    /// Whether the pages of this URL's template are all alike.
    pub fn is_trap(&self, url: &CanonicalUrl) -> bool {
        let seen = template(url).and_then(|template| self.seen.get(&template).copied());
        seen.is_some_and(|seen| seen.alike > MOST_ALIKE)
    }
}

/// The URL without its numbers; none if it has none, and then it stands for itself alone.
fn template(url: &CanonicalUrl) -> Option<String> {
    let mut out = String::from(url.host_key().as_str());
    let mut is_number = false;
    let mut found = false;
    for c in url.path_and_query().chars() {
        if c.is_ascii_digit() {
            found = true;
            if !is_number {
                out.push('#');
            }
        } else {
            out.push(c);
        }
        is_number = c.is_ascii_digit();
    }
    found.then_some(out)
}

/// A `SimHash` over runs of words, numbers left out: they are what differs between pages that are alike.
fn fingerprint(text: &str) -> Option<u64> {
    let words: Vec<_> =
        text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).take(MOST_WORDS).collect();
    if words.len() < FEWEST_WORDS {
        return None;
    }
    let mut weights = [0_i32; 64];
    for run in words.windows(SHINGLE) {
        let hash = run.iter().fold(FNV_START, |hash, word| fnv(fnv(hash, word.as_bytes()), &[0]));
        for (bit, weight) in weights.iter_mut().enumerate() {
            *weight += if hash >> bit & 1 == 1 { 1 } else { -1 };
        }
    }
    Some(weights.iter().enumerate().fold(0, |print, (bit, weight)| print | u64::from(*weight > 0) << bit))
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: as good as any other where nobody gains by a collision, and fast on short words.
fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a page of a calendar that says the same for each day of the year and has nothing on it \
                        but the names of the days and of the months";

    fn url(path: &str) -> CanonicalUrl {
        CanonicalUrl::parse(&format!("http://a.com{path}")).unwrap()
    }

    #[test]
    fn a_template_of_pages_that_are_alike_becomes_a_trap() {
        let mut templates = Templates::default();
        for day in 0..=100 {
            assert!(!templates.is_trap(&url("/day/4000")), "{day}");
            templates.note(&url(&format!("/day/{day}")), &format!("{TEXT} {day}"));
        }
        assert!(templates.is_trap(&url("/day/4000")));
        assert!(!templates.is_trap(&url("/night/400")) && !templates.is_trap(&url("/day/")));
    }

    #[test]
    fn a_page_that_differs_sets_the_count_back() {
        let mut templates = Templates::default();
        for number in 0..400 {
            let other =
                "quite another text about gardens and rivers and hills where nobody ever walked before "
                    .repeat(3);
            templates.note(&url(&format!("/p/{number}")), if number % 10 == 0 { &other } else { TEXT });
        }
        assert!(!templates.is_trap(&url("/p/400")));
    }

    #[test]
    fn short_pages_are_not_compared() {
        let mut templates = Templates::default();
        (0..300).for_each(|n| templates.note(&url(&format!("/p/{n}")), "nothing here"));
        assert!(!templates.is_trap(&url("/p/400")));
    }
}
