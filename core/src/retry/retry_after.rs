//! The Retry-After header (RFC 9110 10.2.3): a number of seconds, or a date.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::calendar::{DAY, MONTHS, days_since_1970};

/// When a server wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After this many seconds.
    Seconds(u64),
    /// At this time.
    At(SystemTime),
}

impl RetryAfter {
    /// Reads the header's value; `None` if it is neither a number nor a date of the form
    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// The two other date forms of the standard are obsolete since 1999: they count as no header, and the
    /// caller's own backoff applies.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            // A number too large for 64 bits still means "very late".
            return Some(Self::Seconds(value.parse().unwrap_or(u64::MAX)));
        }
        http_date(value).map(Self::At)
    }

    /// How long that is from `now`; zero if it has passed.
    pub fn wait(self, now: SystemTime) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::At(time) => time.duration_since(now).unwrap_or(Duration::ZERO),
        }
    }
}

fn http_date(value: &str) -> Option<SystemTime> {
    let (_weekday, rest) = value.split_once(", ")?;
    let mut parts = rest.split(' ');
    let day = digits(parts.next()?, 2)?;
    let month_name = parts.next()?;
    let month = MONTHS.iter().zip(1_u64..).find(|(name, _)| **name == month_name)?.1;
    let year = digits(parts.next()?, 4)?;
    let seconds_of_day = clock(parts.next()?)?;
    let in_range = (1..=31).contains(&day) && (1970..=9999).contains(&year);
    if !in_range || parts.next() != Some("GMT") || parts.next().is_some() {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * DAY + seconds_of_day;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// Seconds of the day of `hh:mm:ss`. A leap second is accepted as the second after.
fn clock(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let hours = digits(parts.next()?, 2)?;
    let minutes = digits(parts.next()?, 2)?;
    let seconds = digits(parts.next()?, 2)?;
    let in_range = hours < 24 && minutes < 60 && seconds <= 60 && parts.next().is_none();
    in_range.then_some(hours * 3_600 + minutes * 60 + seconds)
}

fn digits(text: &str, length: usize) -> Option<u64> {
    let right_shape = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    right_shape.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(unix: u64) -> RetryAfter {
        RetryAfter::At(UNIX_EPOCH + Duration::from_secs(unix))
    }

    #[test]
    fn seconds_are_read_and_a_huge_number_means_very_late() {
        assert_eq!(RetryAfter::parse(" 120 "), Some(RetryAfter::Seconds(120)));
        assert_eq!(RetryAfter::parse("0"), Some(RetryAfter::Seconds(0)));
        assert_eq!(RetryAfter::parse("99999999999999999999999"), Some(RetryAfter::Seconds(u64::MAX)));
    }

    #[test]
    fn dates_are_read_to_the_second() {
        for (text, unix) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Thu, 31 Dec 2026 12:00:00 GMT", 1_798_718_400),
            ("Fri, 29 Feb 2036 00:00:00 GMT", 2_087_856_000),
        ] {
            assert_eq!(RetryAfter::parse(text), Some(at(unix)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_retry_after() {
        for text in [
            "",
            "soon",
            "-1",
            "1.5",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1960 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT x",
        ] {
            assert_eq!(RetryAfter::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_that_has_passed_means_now() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!(at(1_060).wait(now), Duration::from_mins(1));
        assert_eq!(at(999).wait(now), Duration::ZERO);
    }
}
