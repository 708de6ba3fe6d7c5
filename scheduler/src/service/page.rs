//! One page of a listing.

use super::fault::Faults;

/// Entries of a page where nobody says how many.
pub(crate) const DEFAULT_LIMIT: i64 = 100;

/// Longest page of a listing.
pub(crate) const MAX_LIMIT: i64 = 1_000;

/// How many entries a page may have; 1 to [`MAX_LIMIT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(i64);

impl Limit {
    pub(crate) fn new(limit: i64) -> Result<Self, Faults> {
        if (1..=MAX_LIMIT).contains(&limit) {
            return Ok(Self(limit));
        }
        Err(Faults::one("limit", format!("limit: {limit} is out of range"), "give a number from 1 to 1000"))
    }

    pub(crate) fn get(self) -> i64 {
        self.0
    }

    /// What to ask the store for: one entry more tells whether there is another page.
    pub(crate) fn and_one(self) -> i64 {
        self.0 + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

/// A page and where the next one begins.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    /// Number of the last entry here; none when there are no more.
    pub(crate) next: Option<i64>,
}

impl<T> Page<T> {
    /// Makes a page of what the store gave for [`Limit::and_one`].
    pub(crate) fn cut(mut data: Vec<T>, limit: Limit, number: impl Fn(&T) -> i64) -> Self {
        let most = usize::try_from(limit.0).unwrap_or(usize::MAX);
        let more = data.len() > most;
        data.truncate(most);
        let next = if more { data.last().map(number) } else { None };
        Self { data, next }
    }

    /// A listing that is never cut.
    pub(crate) fn whole(data: Vec<T>) -> Self {
        Self { data, next: None }
    }

    pub(crate) fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { data: self.data.into_iter().map(change).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(n: i64) -> Limit {
        Limit::new(n).unwrap()
    }

    #[test]
    fn only_a_page_that_has_a_successor_names_it() {
        let full = Page::cut(vec![3, 5, 8], limit(2), |n| *n);
        assert_eq!((full.data, full.next), (vec![3, 5], Some(5)));
        let last = Page::cut(vec![3, 5], limit(2), |n| *n);
        assert_eq!((last.data, last.next), (vec![3, 5], None));
        let empty = Page::cut(Vec::new(), limit(2), |n| *n);
        assert_eq!((empty.data, empty.next), (Vec::new(), None));
    }

    #[test]
    fn limits_out_of_range_are_refused() {
        for bad in [i64::MIN, -1, 0, 1_001, i64::MAX] {
            assert_eq!(Limit::new(bad).unwrap_err().first().field, "limit", "{bad}");
        }
        assert_eq!((limit(1).get(), limit(MAX_LIMIT).and_one()), (1, 1_001));
    }
}
