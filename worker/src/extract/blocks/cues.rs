//! What the words of a block tell about it.
//!
//! Words that templates put around content, whatever the content is about. In other languages fewer are known,
//! and then a block's shape and place decide.

use crate::extract::lexicon::{self, Lexicon};

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
    match bytes[0] {
        b'$' => return Some(13),
        0x80.. if word.starts_with(['€', '£', '¥', '₹']) => return Some(13),
        0x80.. if word.starts_with('©') => return Some(0),
        _ => {}
    }
    let start = bytes.iter().position(u8::is_ascii_alphabetic)?;
    let mut lower = [0; lexicon::MAX_BYTES];
    for (at, byte) in bytes[start..].iter().take_while(|byte| byte.is_ascii_alphabetic()).enumerate() {
        *lower[..MAX_WORD].get_mut(at)? = byte.to_ascii_lowercase();
    }
    WORDS.find(lower)
}

/// The words, by the cue that they are.
static WORDS: Lexicon<u8> = Lexicon::new(&[
    (
        STOP,
        "the of and to is in that for with it was on as are this be at from or have an can which but not they \
         we you your our their will if der die das und ist nicht mit ein eine den le la les des et est dans \
         pour que un une el los las del una por para con il di che per non da do em het een van i a my so has",
    ),
    (0, "copyright reserved rights"),
    (1, "cookie cookies consent gdpr"),
    (2, "privacy terms policy legal disclaimer"),
    (3, "subscribe newsletter newsletters signup unsubscribe inbox"),
    (4, "login log sign register account password"),
    (5, "share tweet facebook twitter linkedin pinterest whatsapp instagram youtube tiktok follow"),
    (6, "reply comment comments replies respond"),
    (7, "cart checkout basket wishlist buy add"),
    (8, "more continue view see learn read"),
    (
        9,
        "january february march april june july august september october november december jan feb mar apr \
         jun jul aug sep oct nov dec ago",
    ),
    (10, "by written author posted published updated edited"),
    (11, "related similar recommended popular latest recent trending also featured"),
    (12, "home menu skip search next previous prev back navigation"),
    (14, "tags category categories filed tagged tag"),
    (15, "shipping delivery returns refund payment"),
    (16, "review reviews rating ratings stars rated"),
    (18, "phone email contact call tel address"),
    (19, "advertisement sponsored affiliate ad ads"),
    (20, "join joined member members posts likes location messages"),
    (21, "click here download print pdf"),
    (22, "quote report permalink edit flag vote helpful"),
    (23, "sort filter filters show results clear apply"),
    (24, "close loading javascript browser error"),
]);
