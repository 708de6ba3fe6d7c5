//! What the words of a block tell about it.
//!
//! Words that templates put around content, whatever the content is about. In other languages fewer are known,
//! and then a block's shape and place decide.

/// Bits of the cues that a block has.
pub(super) type Cues = u32;

/// How many cues there are; the last is [`STOP`].
pub(in crate::extract) const CUES: usize = 25;

/// A word without meaning of its own, as sentences have many.
pub(super) const STOP: u8 = 31;

/// Longest word that is known, in bytes.
const MAX_WORD: usize = 13;

/// The cue that a word is, if it is one.
pub(super) fn of(word: &str) -> Option<u8> {
    let bytes = word.as_bytes();
    if matches!(bytes[0], b'$') || word.starts_with(['€', '£', '¥', '₹']) {
        return Some(13);
    }
    if word.starts_with('©') {
        return Some(0);
    }
    let start = bytes.iter().position(u8::is_ascii_alphabetic)?;
    let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    if length > MAX_WORD {
        return None;
    }
    let mut lower = [0; MAX_WORD];
    lower[..length].copy_from_slice(&bytes[start..start + length]);
    lower.make_ascii_lowercase();
    known(&lower[..length])
}

fn known(word: &[u8]) -> Option<u8> {
    Some(match word {
        b"the" | b"of" | b"and" | b"to" | b"is" | b"in" | b"that" | b"for" | b"with" | b"it" | b"was"
        | b"on" | b"as" | b"are" | b"this" | b"be" | b"at" | b"from" | b"or" | b"have" | b"an" | b"can"
        | b"which" | b"but" | b"not" | b"they" | b"we" | b"you" | b"your" | b"our" | b"their" | b"will"
        | b"if" | b"der" | b"die" | b"das" | b"und" | b"ist" | b"nicht" | b"mit" | b"ein" | b"eine"
        | b"den" | b"le" | b"la" | b"les" | b"des" | b"et" | b"est" | b"dans" | b"pour" | b"que" | b"un"
        | b"une" | b"el" | b"los" | b"las" | b"del" | b"una" | b"por" | b"para" | b"con" | b"il" | b"di"
        | b"che" | b"per" | b"non" | b"da" | b"do" | b"em" | b"het" | b"een" | b"van" | b"i" | b"a"
        | b"my" | b"so" | b"has" => STOP,
        b"copyright" | b"reserved" | b"rights" => 0,
        b"cookie" | b"cookies" | b"consent" | b"gdpr" => 1,
        b"privacy" | b"terms" | b"policy" | b"legal" | b"disclaimer" => 2,
        b"subscribe" | b"newsletter" | b"newsletters" | b"signup" | b"unsubscribe" | b"inbox" => 3,
        b"login" | b"log" | b"sign" | b"register" | b"account" | b"password" => 4,
        b"share" | b"tweet" | b"facebook" | b"twitter" | b"linkedin" | b"pinterest" | b"whatsapp"
        | b"instagram" | b"youtube" | b"tiktok" | b"follow" => 5,
        b"reply" | b"comment" | b"comments" | b"replies" | b"respond" => 6,
        b"cart" | b"checkout" | b"basket" | b"wishlist" | b"buy" | b"add" => 7,
        b"more" | b"continue" | b"view" | b"see" | b"learn" | b"read" => 8,
        b"january" | b"february" | b"march" | b"april" | b"june" | b"july" | b"august" | b"september"
        | b"october" | b"november" | b"december" | b"jan" | b"feb" | b"mar" | b"apr" | b"jun" | b"jul"
        | b"aug" | b"sep" | b"oct" | b"nov" | b"dec" | b"ago" => 9,
        b"by" | b"written" | b"author" | b"posted" | b"published" | b"updated" | b"edited" => 10,
        b"related" | b"similar" | b"recommended" | b"popular" | b"latest" | b"recent" | b"trending"
        | b"also" | b"featured" => 11,
        b"home" | b"menu" | b"skip" | b"search" | b"next" | b"previous" | b"prev" | b"back"
        | b"navigation" => 12,
        b"tags" | b"category" | b"categories" | b"filed" | b"tagged" | b"tag" => 14,
        b"shipping" | b"delivery" | b"returns" | b"refund" | b"payment" => 15,
        b"review" | b"reviews" | b"rating" | b"ratings" | b"stars" | b"rated" => 16,
        b"phone" | b"email" | b"contact" | b"call" | b"tel" | b"address" => 18,
        b"advertisement" | b"sponsored" | b"affiliate" | b"ad" | b"ads" => 19,
        b"join" | b"joined" | b"member" | b"members" | b"posts" | b"likes" | b"location" | b"messages" => 20,
        b"click" | b"here" | b"download" | b"print" | b"pdf" => 21,
        b"quote" | b"report" | b"permalink" | b"edit" | b"flag" | b"vote" | b"helpful" => 22,
        b"sort" | b"filter" | b"filters" | b"show" | b"results" | b"clear" | b"apply" => 23,
        b"close" | b"loading" | b"javascript" | b"browser" | b"error" => 24,
        _ => return None,
    })
}
