//! How a fetch fails, and which failure class that is.

use std::error::Error;
use std::io;

use rad_core::retry::{FailureClass, RetryAfter};
use thiserror::Error;

use super::guard::Forbidden;

/// The HTTP client could not be built: no certificate authorities on the system, or a bad user agent.
#[derive(Debug, Error)]
#[error("building the HTTP client failed")]
pub struct SetupError(#[source] pub(super) reqwest::Error);

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slow {
    /// No headers came in time.
    FirstByte,
    /// The body came too slowly.
    Body,
    /// The fetch as a whole.
    Total,
}

/// Why a fetch brought no page.
///
/// The messages go to users as evidence, so they name no address; causes are for our own logs.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The target may not be contacted.
    #[error("the target is not a public web address")]
    Forbidden(#[source] Forbidden),
    /// The host name could not be resolved.
    #[error("the host name could not be resolved")]
    Dns(#[source] reqwest::Error),
    /// No connection could be made in time.
    #[error("no connection could be made")]
    Connect(#[source] reqwest::Error),
    /// The TLS handshake failed.
    #[error("the TLS handshake failed")]
    Tls(#[source] reqwest::Error),
    /// A time limit was reached.
    #[error("the server took too long to {}", match .0 {
        Slow::FirstByte => "answer",
        Slow::Body => "send the body: it came too slowly",
        Slow::Total => "send the page",
    })]
    Timeout(Slow),
    /// The response broke off or was not HTTP.
    #[error("the response broke off or was not valid")]
    Protocol(#[source] Box<dyn Error + Send + Sync>),
    /// Too many redirects, or a loop.
    #[error("too many redirects or a redirect loop")]
    TooManyRedirects,
    /// The body is larger than the limit.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes, after decompression.
        limit: usize,
    },
    /// The body grows out of proportion when it is decoded.
    #[error("the body grows out of proportion when it is decompressed")]
    DecompressionBomb,
    /// The headers of the answer are too many or too long.
    #[error("the answer has too many or too long headers")]
    HeadersTooLarge,
    /// The body has a content coding that was not asked for.
    #[error("the body has a content coding that was not asked for")]
    UnsupportedEncoding,
    /// The content type is not one that is extracted.
    #[error("the content type {} is not supported", .content_type.as_deref().unwrap_or("(none)"))]
    UnsupportedType {
        /// The media type in lower case, if the server gave one.
        content_type: Option<String>,
    },
    /// The server answered with a status that is not a success.
    #[error("the server answered with status {status}")]
    Status {
        /// The status code.
        status: u16,
        /// When the server wants to be asked again.
        retry_after: Option<RetryAfter>,
    },
}

impl FetchError {
    /// The class that decides about another attempt and gives the verdict.
    pub fn failure(&self) -> FailureClass {
        match self {
            Self::Forbidden(_) => FailureClass::Forbidden,
            Self::Dns(_) => FailureClass::Dns,
            Self::Connect(_) => FailureClass::Connect,
            Self::Tls(_) => FailureClass::Tls,
            Self::Timeout(_) => FailureClass::Timeout,
            Self::Protocol(_) => FailureClass::Protocol,
            Self::TooManyRedirects => FailureClass::TooManyRedirects,
            Self::TooLarge { .. } => FailureClass::TooLarge,
            Self::DecompressionBomb => FailureClass::DecompressionBomb,
            Self::HeadersTooLarge => FailureClass::HeadersTooLarge,
            Self::UnsupportedEncoding => FailureClass::UnsupportedEncoding,
            Self::UnsupportedType { .. } => FailureClass::UnsupportedType,
            Self::Status { status, retry_after } => {
                FailureClass::Status { code: *status, retry_after: *retry_after }
            }
        }
    }

    /// Sorts an error of the HTTP client by what lies at its root.
    pub(super) fn from_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(forbidden) = find_cause::<Forbidden>(&error) {
            return Self::Forbidden(*forbidden);
        }
        if find_cause::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse_too_large) {
            return Self::HeadersTooLarge;
        }
        if error.is_dns() {
            Self::Dns(error)
        } else if error.is_connect() && find_cause::<rustls::Error>(&error).is_some() {
            Self::Tls(error)
        } else if error.is_connect() {
            Self::Connect(error)
        } else {
            Self::Protocol(error.into())
        }
    }
}

/// The first error of type `T` in the chain of causes.
fn find_cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // An I/O error's source is the source of what it wraps, which would skip the wrapped error itself.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}
