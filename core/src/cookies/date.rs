//! The date of a cookie's end, in the lenient form of RFC 6265 5.1.1.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::calendar::{DAY, MONTHS, days_since_1970};

/// Reads a date with day, month, year and time in any order; `None` if a part is missing or out of range.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none() && clock(token).is_some() {
            time = clock(token);
        } else if day.is_none() && number(token, 1, 2).is_some() {
            day = number(token, 1, 2);
        } else if month.is_none() && month_of(token).is_some() {
            month = month_of(token);
        } else if year.is_none() && number(token, 2, 4).is_some() {
            year = number(token, 2, 4);
        }
    }
    let year = match year? {
        short @ 70..=99 => short + 1_900,
        short @ 0..=69 => short + 2_000,
        year => year,
    };
    let (day, month, seconds) = (day?, month?, time?);
    if !(1..=31).contains(&day) || year < 1_601 {
        return None;
    }
    // All before 1970 is the past.
    let days = if year < 1_970 { 0 } else { days_since_1970(year, month, day) };
    UNIX_EPOCH.checked_add(Duration::from_secs(days * DAY + seconds))
}

fn is_delimiter(c: char) -> bool {
    !matches!(c, '0'..='9' | ':' | 'a'..='z' | 'A'..='Z') && c != '\u{7f}'
}

/// The number that `token` starts with, if it has so many digits and no digit comes after them.
fn number(token: &str, least: usize, most: usize) -> Option<u64> {
    let digits = token.bytes().take_while(u8::is_ascii_digit).count();
    (least..=most).contains(&digits).then(|| token[..digits].parse().ok()).flatten()
}

fn month_of(token: &str) -> Option<u64> {
    let start = token.get(..3)?;
    MONTHS.iter().zip(1..).find(|(name, _)| name.eq_ignore_ascii_case(start)).map(|(_, month)| month)
}

/// Seconds of the day.
fn clock(token: &str) -> Option<u64> {
    let mut parts = token.splitn(3, ':');
    let whole = |part: &str| number(part, 1, 2).filter(|_| part.len() <= 2);
    let (hours, minutes) = (whole(parts.next()?)?, whole(parts.next()?)?);
    let seconds = number(parts.next()?, 1, 2)?;
    (hours < 24 && minutes < 60 && seconds < 60).then_some(hours * 3_600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_all_forms_that_servers_write() {
        for (text, unix) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("6 november 1994 8:49:37", 784_111_777),
            ("Thu, 31-Dec-26 12:00:00 GMT", 1_798_718_400),
            ("Mon, 01 Jan 1601 00:00:00 GMT", 0),
        ] {
            assert_eq!(parse(text), Some(UNIX_EPOCH + Duration::from_secs(unix)), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "-1",
            "Thu, 32 Jan 2026 00:00:00 GMT",
            "1 Jan 2026",
            "1 Jan 1600 00:00:00",
            "1 Foo 26 1:1:1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
