//! The language of a page.
//!
//! What a page declares is believed, but for English, which templates declare whatever the text is: there the
//! text has to look like English, or is asked. Asking (`whatlang`, trigrams) costs as much as a tenth of parsing
//! a page, so it sees a sample only, and only where it has to.

use whatlang::detect;

/// Bytes of text that are enough to tell a language.
const SAMPLE_BYTES: usize = 600;

/// Shorter text tells nothing, in bytes.
const MIN_BYTES: usize = 60;

/// Words without which English is hardly written.
const ENGLISH: [&str; 12] = ["the", "of", "and", "to", "in", "is", "for", "a", "that", "with", "on", "you"];

/// The language of a text, as a tag, for a page that declares `declared`.
pub(super) fn of(text: &str, declared: Option<String>) -> Option<String> {
    let primary = declared.as_deref().map(|tag| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase());
    match primary.as_deref() {
        Some("en") if !is_english(text) => detected(text).or(declared),
        Some(_) => declared,
        None => detected(text),
    }
}

fn is_english(text: &str) -> bool {
    let text = sample(text);
    if text.len() < MIN_BYTES {
        return true;
    }
    let (mut words, mut known) = (0, 0);
    for word in text.split_ascii_whitespace() {
        words += 1;
        known += usize::from(ENGLISH.iter().any(|other| other.eq_ignore_ascii_case(word)));
    }
    known * 10 >= words
}

/// Whether nothing but English can be meant: then nobody has to be asked.
fn is_surely_english(text: &str) -> bool {
    let (mut words, mut known, mut seen) = (0, 0, [false; ENGLISH.len()]);
    for word in text.split_ascii_whitespace() {
        words += 1;
        if let Some(at) = ENGLISH.iter().position(|other| other.eq_ignore_ascii_case(word)) {
            known += 1;
            seen[at] = true;
        }
    }
    // The first is `the`, which no other language that whatlang knows has as a common word.
    seen[0] && known * 8 >= words && seen.iter().filter(|seen| **seen).count() >= 3
}

fn detected(text: &str) -> Option<String> {
    let text = sample(text);
    if text.len() >= MIN_BYTES && is_surely_english(text) {
        return Some("en".to_owned());
    }
    let info = detect(text).filter(|info| text.len() >= MIN_BYTES && info.is_reliable())?;
    // Two-letter tags where there are some, as pages declare them.
    let code = info.lang().code();
    Some(SHORT.iter().find(|(long, _)| *long == code).map_or(code, |(_, short)| short).to_owned())
}

/// The two-letter tags (ISO 639-1) of the languages that are told apart.
const SHORT: [(&str, &str); 68] = [
    ("afr", "af"),
    ("aka", "ak"),
    ("amh", "am"),
    ("ara", "ar"),
    ("aze", "az"),
    ("bel", "be"),
    ("ben", "bn"),
    ("bul", "bg"),
    ("cat", "ca"),
    ("ces", "cs"),
    ("cmn", "zh"),
    ("cym", "cy"),
    ("dan", "da"),
    ("deu", "de"),
    ("ell", "el"),
    ("eng", "en"),
    ("epo", "eo"),
    ("est", "et"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("guj", "gu"),
    ("heb", "he"),
    ("hin", "hi"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("hye", "hy"),
    ("ind", "id"),
    ("ita", "it"),
    ("jav", "jv"),
    ("jpn", "ja"),
    ("kan", "kn"),
    ("kat", "ka"),
    ("khm", "km"),
    ("kor", "ko"),
    ("lat", "la"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("mal", "ml"),
    ("mar", "mr"),
    ("mkd", "mk"),
    ("mya", "my"),
    ("nep", "ne"),
    ("nld", "nl"),
    ("nob", "nb"),
    ("ori", "or"),
    ("pan", "pa"),
    ("pes", "fa"),
    ("pol", "pl"),
    ("por", "pt"),
    ("ron", "ro"),
    ("rus", "ru"),
    ("sin", "si"),
    ("slk", "sk"),
    ("slv", "sl"),
    ("sna", "sn"),
    ("spa", "es"),
    ("srp", "sr"),
    ("swe", "sv"),
    ("tam", "ta"),
    ("tel", "te"),
    ("tgl", "tl"),
    ("tha", "th"),
    ("tuk", "tk"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("urd", "ur"),
    ("uzb", "uz"),
    ("vie", "vi"),
];

/// The middle of a text: its start is often a title or a list.
fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE_BYTES {
        return text;
    }
    let start = text.ceil_char_boundary((text.len() - SAMPLE_BYTES) / 2);
    &text[start..text.floor_char_boundary(start + SAMPLE_BYTES)]
}

#[cfg(test)]
mod tests {
    const GERMAN: &str = "Die Katze liegt auf dem warmen Ofen und schläft, während draußen der Regen gegen die \
                          Fenster schlägt und niemand daran denkt, noch einmal vor die Tür zu gehen.";
    const ENGLISH_TEXT: &str = "The cat lies on the warm stove and sleeps while the rain beats against the \
                                windows, and nobody thinks of going out of the house again tonight.";

    #[test]
    fn other_languages_are_never_surely_english() {
        assert!(super::is_surely_english(ENGLISH_TEXT));
        for other in [
            GERMAN,
            "De kat ligt in de keuken op de warme kachel en slaapt, en niemand is in het huis bij haar of op de trap.",
            "O gato dorme a tarde toda em cima do forno, a chuva bate na janela e for o que for ninguém sai de casa.",
            "Katten ligger på den varme ovn og sover for natten, og ingen vil gå ud i regnen for at se til den is.",
        ] {
            assert!(!super::is_surely_english(other), "{other}");
        }
    }

    #[test]
    fn declarations_are_believed_but_for_english_that_is_none() {
        let of = |text: &str, declared: Option<&str>| super::of(text, declared.map(str::to_owned));
        assert_eq!(of(GERMAN, Some("en-US")).as_deref(), Some("de"));
        assert_eq!(of(ENGLISH_TEXT, Some("en-GB")).as_deref(), Some("en-GB"));
        assert_eq!(of(GERMAN, Some("nl")).as_deref(), Some("nl"));
        assert_eq!(of(GERMAN, None).as_deref(), Some("de"));
        assert_eq!(of(ENGLISH_TEXT, None).as_deref(), Some("en"));
        assert_eq!(of("Short.", Some("en")).as_deref(), Some("en"));
        assert_eq!(of("Short.", None), None);
    }
}
