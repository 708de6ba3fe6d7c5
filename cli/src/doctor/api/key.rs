//! Whether the API accepts the key.

use rad_loadtest::client::{ApiError, Whoami};
use rad_schema::tenants::is_well_formed;

use crate::doctor::row::{Check, Row};

pub(super) const KEY: Check = Check { name: "api_key", why: "the API knows its callers by their keys only" };

const WHOLE: &str =
    "copy the whole key (rad_live_, 8 digits, _, 72 digits), or make one: rad keys create TENANT";

pub(super) fn accepted(caller: &Whoami) -> Row {
    KEY.ok(format!("of tenant {}, may {}", caller.name, caller.scopes.join(", ")))
}

/// The form of a key shows without asking anybody.
pub(super) fn unasked(key: &str) -> Row {
    if is_well_formed(key) { KEY.skip("well-formed; the API was not asked") } else { malformed() }
}

pub(super) fn refused(key: &str, error: &ApiError) -> Row {
    match error.code() {
        _ if !is_well_formed(key) => malformed(),
        Some("key_malformed") => malformed(),
        Some("key_unknown") => KEY.fail(
            "the key is well-formed and nobody's",
            "use a key of this fleet, not of another: rad keys create TENANT makes one, rad up keeps its own in .rad/key",
        ),
        Some("key_revoked") => KEY.fail("the key was revoked", "make another one: rad keys create TENANT"),
        Some(code) if error.status() == Some(401) => KEY.fail(format!("the key is not accepted ({code})"), WHOLE),
        _ => KEY.skip("well-formed; the API could not tell"),
    }
}

fn malformed() -> Row {
    KEY.fail("this is not a key: it is cut, mistyped, or something else", WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::row::Status;

    /// Well-formed: the checksum is right.
    const GOOD: &str =
        "rad_live_0a1b2c3d_5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5eb036f7f1";

    fn answer(status: u16, code: &str) -> ApiError {
        ApiError::Refused {
            status,
            code: code.to_owned(),
            detail: String::new(),
            next_step: String::new(),
            errors: Vec::new(),
            request_id: None,
        }
    }

    #[test]
    fn each_refusal_of_a_key_has_its_own_remedy() {
        let mut remedies = Vec::new();
        for (key, code, says) in [
            ("rad_live_cut", "key_malformed", "cut"),
            (GOOD, "key_unknown", "nobody's"),
            (GOOD, "key_revoked", "revoked"),
        ] {
            let row = refused(key, &answer(401, code));
            assert_eq!(row.status, Status::Fail, "{code}");
            assert!(row.detail.contains(says), "{}", row.detail);
            remedies.push(row.fix.expect("what fails has a remedy"));
        }
        remedies.dedup();
        assert_eq!(remedies.len(), 3, "{remedies:?}");
    }

    #[test]
    fn a_key_is_not_blamed_for_a_server_that_fails() {
        assert_eq!(refused(GOOD, &answer(503, "store_unavailable")).status, Status::Skip);
        assert_eq!(unasked(GOOD).status, Status::Skip);
        assert_eq!(unasked("rad_live_cut").status, Status::Fail);
    }
}
