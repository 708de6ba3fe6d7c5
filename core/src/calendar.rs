//! Days of the Gregorian calendar, in UTC.

/// The names of the months as HTTP writes them.
pub(crate) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds of a day.
pub(crate) const DAY: u64 = 86_400;

/// Days from 1 January 1970. `month` is 1 to 12.
///
/// Years are counted from March, so that the leap day is the last day of its year.
pub(crate) fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let (year, month_from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    // 719,468 days lie between 1 March of year 0 and 1 January 1970.
    year * 365 + leap_days + day_of_year - 719_468
}
