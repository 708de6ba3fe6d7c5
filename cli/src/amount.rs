//! Amounts that people type and read: numbers, sizes, and `none` for no limit.

/// A limit as it is typed; none for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) Option<i64>);

/// Suffixes of sizes with what they stand for.
const UNITS: [(&str, i64); 9] = [
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("b", 1),
];

/// A number such as `1000`, or `none`.
pub(crate) fn limit(text: &str) -> Result<Limit, String> {
    typed(text, number)
}

/// A number of bytes such as `1073741824`, `10GB` or `1GiB`, or `none`.
pub(crate) fn size_limit(text: &str) -> Result<Limit, String> {
    typed(text, size)
}

fn typed(text: &str, parse: fn(&str) -> Result<i64, String>) -> Result<Limit, String> {
    if text.eq_ignore_ascii_case("none") {
        Ok(Limit(None))
    } else {
        parse(text).map(|value| Limit(Some(value)))
    }
}

fn number(text: &str) -> Result<i64, String> {
    match text.parse() {
        Ok(value) if value >= 0 => Ok(value),
        _ => Err("it must be a whole number such as 1000, or none".to_owned()),
    }
}

fn size(text: &str) -> Result<i64, String> {
    let wrong = || "it must be a size such as 500MB, 10GB or 1GiB, or none".to_owned();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (value, suffix) = text.split_at(digits);
    let value: i64 = value.parse().map_err(|_| wrong())?;
    let suffix = suffix.trim().to_ascii_lowercase();
    let unit = if suffix.is_empty() { "b" } else { &suffix };
    let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    value.checked_mul(*bytes).ok_or_else(wrong)
}

/// A size for people, in binary units.
pub(crate) fn bytes(bytes: i64) -> String {
    for (unit, size) in [("TiB", 1_i64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes >= size {
            let tenths = i128::from(bytes) * 10 / i128::from(size);
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} B")
}

/// A limit for people.
pub(crate) fn shown(limit: Option<i64>, show: fn(i64) -> String) -> String {
    limit.map_or_else(|| "none".to_owned(), show)
}

/// A number for people.
pub(crate) fn plain(number: i64) -> String {
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_decimal_and_binary_units() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("512b", 512),
            ("10GB", 10_000_000_000),
            ("10 gb", 10_000_000_000),
            ("1GiB", 1_073_741_824),
            ("3kib", 3_072),
            ("2TB", 2_000_000_000_000),
        ] {
            assert_eq!(size_limit(text), Ok(Limit(Some(bytes))), "{text}");
        }
        for text in ["", "GB", "-1", "1.5GB", "10G", "10 apples", "9999999999TB", "١GB"] {
            assert!(size_limit(text).is_err(), "{text}");
        }
    }

    #[test]
    fn none_is_no_limit_and_numbers_are_whole() {
        assert_eq!(limit("none"), Ok(Limit(None)));
        assert_eq!(size_limit("None"), Ok(Limit(None)));
        assert_eq!(limit("1000"), Ok(Limit(Some(1_000))));
        for text in ["", "-1", "1e3", "10GB", "nothing"] {
            assert!(limit(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_with_one_digit() {
        for (size, text) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (1_536, "1.5 KiB"),
            (1 << 30, "1.0 GiB"),
            (10_000_000_000, "9.3 GiB"),
            (5 << 40, "5.0 TiB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }
}
