//! Every error that the API answers with: its stable code, and what to do about it.
//!
//! One table, used by problem documents and by `GET /errors/{code}`; `docs/errors.md` shows the same.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;

use super::problem::Problem;

/// A stable code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Unauthorized,
    KeyMalformed,
    KeyUnknown,
    KeyRevoked,
    Forbidden,
    NotFound,
    NoSuchRoute,
    MethodNotAllowed,
    TenantExists,
    CrawlCancelled,
    LeaseLost,
    BodyTooLarge,
    UnsupportedMediaType,
    InvalidJson,
    UnknownField,
    InvalidField,
    MissingField,
    AddressForbidden,
    IdempotencyMismatch,
    StoreUnavailable,
    Internal,
}

/// What there is to know of a code.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) code: Code,
    /// The code as it is sent.
    pub(super) name: &'static str,
    pub(super) status: u16,
    pub(super) title: &'static str,
    /// When it is answered.
    pub(super) when: &'static str,
    pub(super) next_step: &'static str,
    /// The same request may succeed in a moment.
    pub(super) retryable: bool,
}

const fn refused(
    code: Code,
    (name, status): (&'static str, u16),
    title: &'static str,
    when: &'static str,
    next_step: &'static str,
) -> Entry {
    Entry { code, name, status, title, when, next_step, retryable: false }
}

/// All codes.
pub(super) static CATALOGUE: [Entry; 21] = [
    refused(
        Code::Unauthorized,
        ("unauthorized", 401),
        "No key",
        "the request has no bearer key",
        "send the header `Authorization: Bearer rad_live_...` with a key of your tenant",
    ),
    refused(
        Code::KeyMalformed,
        ("key_malformed", 401),
        "Not a key",
        "the key does not have the form of a key, or its checksum is wrong: it is cut or mistyped",
        "copy the whole key again, from `rad_live_` to its last character",
    ),
    refused(
        Code::KeyUnknown,
        ("key_unknown", 401),
        "Unknown key",
        "the key is well-formed, but nobody's here",
        "check that the key belongs to this installation, or ask your operator for one",
    ),
    refused(
        Code::KeyRevoked,
        ("key_revoked", 401),
        "Revoked key",
        "the key was revoked",
        "ask your operator for a new key",
    ),
    refused(
        Code::Forbidden,
        ("forbidden", 403),
        "Not allowed",
        "the key lacks the scope that the route asks for",
        "use a key that has the scope, or ask your operator for one",
    ),
    refused(
        Code::NotFound,
        ("not_found", 404),
        "Not found",
        "there is no such crawl, task, document, tenant, key or error code; a key sees its own tenant only",
        "check the name or number in the path",
    ),
    refused(
        Code::NoSuchRoute,
        ("no_such_route", 404),
        "No such route",
        "the API has no such path",
        "check the path; all routes that need a key begin with /api/v1",
    ),
    refused(
        Code::MethodNotAllowed,
        ("method_not_allowed", 405),
        "Method not allowed",
        "the path has no such method",
        "use one of the methods in the header `Allow`",
    ),
    refused(
        Code::TenantExists,
        ("tenant_exists", 409),
        "The tenant exists",
        "a tenant has this name already",
        "choose another name, or change the tenant that has it",
    ),
    refused(
        Code::CrawlCancelled,
        ("crawl_cancelled", 409),
        "The crawl was cancelled",
        "a cancelled crawl does not run again",
        "start a new crawl; it fetches only what has changed",
    ),
    refused(
        Code::LeaseLost,
        ("lease_lost", 409),
        "The claim is not yours any more",
        "the task is not claimed, has ended, or belongs to a later claim than the lease token or worker named",
        "drop the work and claim again; renew a lease before it ends where the work takes longer",
    ),
    refused(
        Code::BodyTooLarge,
        ("body_too_large", 413),
        "The request body is too large",
        "the request body has more than 64 KiB",
        "send less than 64 KiB",
    ),
    refused(
        Code::UnsupportedMediaType,
        ("unsupported_media_type", 415),
        "Not JSON",
        "the request body is not said to be application/json",
        "send JSON with the header `Content-Type: application/json`",
    ),
    refused(
        Code::InvalidJson,
        ("invalid_json", 400),
        "The request body is not JSON",
        "the request body can't be read as JSON",
        "send a JSON object; the detail says where it breaks",
    ),
    refused(
        Code::UnknownField,
        ("unknown_field", 422),
        "A field is not known",
        "the request has a field or parameter that the route does not take",
        "leave the field out, or correct its name",
    ),
    refused(
        Code::InvalidField,
        ("invalid_field", 422),
        "A field can't be used",
        "a field or parameter has a wrong type or value; `errors` has all of them",
        "correct each field that `errors` names",
    ),
    refused(
        Code::MissingField,
        ("missing_field", 422),
        "A field is missing",
        "a field that must be given is not there",
        "add the field",
    ),
    refused(
        Code::AddressForbidden,
        ("address_forbidden", 422),
        "The address is not crawled",
        "the URL names an address or port that is not public, and that RAD_ALLOW_CIDRS does not allow",
        "give a public URL, or ask your operator to allow the address range by RAD_ALLOW_CIDRS",
    ),
    refused(
        Code::IdempotencyMismatch,
        ("idempotency_mismatch", 422),
        "The idempotency key was used for another request",
        "the idempotency key was used with another request",
        "use a new key for a new request, or send the first request again unchanged",
    ),
    Entry {
        code: Code::StoreUnavailable,
        name: "store_unavailable",
        status: 503,
        title: "The store is not available",
        when: "the database does not answer as it should; what was asked may or may not have happened",
        next_step: "try again in some seconds; a start with an idempotency key is never done twice",
        retryable: true,
    },
    refused(
        Code::Internal,
        ("internal", 500),
        "Something is wrong on our side",
        "a mistake in rad or in what is stored",
        "tell your operator the request_id: the log says what happened",
    ),
];

impl Code {
    pub(super) fn entry(self) -> &'static Entry {
        CATALOGUE.iter().find(|entry| entry.code == self).expect("a test looks every code up")
    }
}

/// `GET /errors/{code}`: the entry as plain text.
pub(super) async fn explain(code: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    let wanted = code.map(|Path(code)| code).unwrap_or_default();
    let entry = CATALOGUE.iter().find(|entry| entry.name == wanted).ok_or_else(|| {
        let names: Vec<_> = CATALOGUE.iter().map(|entry| entry.name).collect();
        let detail = format!("there is no error code of this name; there are {}", names.join(", "));
        Problem::new(Code::NotFound, detail)
    })?;
    let again = if entry.retryable { "yes" } else { "no" };
    Ok(format!(
        "{} (HTTP {}): {}\n\nWhen: {}.\nWhat to do: {}.\nMay the same request succeed later by itself: {again}.\n",
        entry.name, entry.status, entry.title, entry.when, entry.next_step
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_entry() {
        // The last one: with as many entries as codes and none twice, all are there.
        assert_eq!(Code::Internal as usize + 1, CATALOGUE.len());
        for entry in &CATALOGUE {
            assert_eq!(entry.code.entry().name, entry.name);
            assert!((400..=599).contains(&entry.status), "{}", entry.name);
        }
    }

    #[test]
    fn the_documentation_has_exactly_this_table() {
        let page = include_str!("../../../docs/errors.md");
        let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
        let wanted: Vec<_> = CATALOGUE
            .iter()
            .map(|entry| {
                let retryable = if entry.retryable { "yes" } else { "no" };
                let (name, status) = (entry.name, entry.status);
                format!("| `{name}` | {status} | {retryable} | {} | {} |", entry.when, entry.next_step)
            })
            .collect();
        assert_eq!(rows, wanted, "docs/errors.md has other rows:\n{}", wanted.join("\n"));
    }

    #[tokio::test]
    async fn a_code_is_explained_and_another_name_is_not() {
        let told = explain(Ok(Path("idempotency_mismatch".to_owned()))).await.unwrap();
        assert!(told.contains("HTTP 422") && told.contains("use a new key"), "{told}");
        assert!(explain(Ok(Path("no_such_code".to_owned()))).await.is_err());
    }
}
