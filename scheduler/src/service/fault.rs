//! What is wrong with a request: every bad field at once, each with its fix.

use serde::Serialize;

/// More help nobody, and would make the answer larger than the request.
const MOST: usize = 50;

/// How a field is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wrong {
    /// There is no such field.
    Unknown,
    /// It must be given.
    Missing,
    /// Its type or value can't be used.
    Invalid,
}

/// One bad field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    #[serde(skip)]
    pub(crate) wrong: Wrong,
    /// Path from the root, such as `scope.max_depth`.
    pub(crate) field: String,
    pub(crate) detail: String,
    pub(crate) fix: String,
}

/// All bad fields of a request, at least one. The first says what the request is refused for: a name that is not
/// known comes first, because it often explains a field that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Faults {
    first: Fault,
    rest: Vec<Fault>,
}

impl Faults {
    /// The faults in the order of their weight; `Ok` when there are none.
    pub(crate) fn check(mut faults: Vec<Fault>) -> Result<(), Self> {
        faults.sort_by_key(|fault| fault.wrong);
        faults.truncate(MOST);
        let mut faults = faults.into_iter();
        match faults.next() {
            Some(first) => Err(Self { first, rest: faults.collect() }),
            None => Ok(()),
        }
    }

    /// A single field with a value that can't be used.
    pub(crate) fn one(field: impl Into<String>, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        let first =
            Fault { wrong: Wrong::Invalid, field: field.into(), detail: detail.into(), fix: fix.into() };
        Self { first, rest: Vec::new() }
    }

    pub(crate) fn first(&self) -> &Fault {
        &self.first
    }

    pub(crate) fn into_vec(self) -> Vec<Fault> {
        let mut all = vec![self.first];
        all.extend(self.rest);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(wrong: Wrong, field: &str) -> Fault {
        Fault { wrong, field: field.to_owned(), detail: String::new(), fix: String::new() }
    }

    #[test]
    fn an_unknown_name_comes_before_what_is_missing_and_then_what_is_invalid() {
        let faults = Faults::check(vec![
            fault(Wrong::Invalid, "a"),
            fault(Wrong::Missing, "b"),
            fault(Wrong::Invalid, "c"),
            fault(Wrong::Unknown, "d"),
        ])
        .unwrap_err();
        assert_eq!(faults.first().field, "d");
        let order: Vec<_> = faults.into_vec().into_iter().map(|fault| fault.field).collect();
        assert_eq!(order, ["d", "b", "a", "c"]);
        assert_eq!(Faults::check(Vec::new()), Ok(()));
    }
}
