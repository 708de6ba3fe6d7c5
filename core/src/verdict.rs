//! Why a task ended or waits: the closed set of states and verdict codes of the ledger.

use std::fmt;

use serde::Serialize;

/// The end of a ledger row, or `Open` while it has none.
///
/// The numbers are stored in `crawl_urls.state`; they are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(i16)]
pub enum State {
    /// Waiting, loaded into Redis or in flight: what of these is Redis' knowledge alone.
    Open = 0,
    /// A page was stored, counted and billed.
    Stored = 1,
    /// The page is the same as the document the tenant already has. Not billed.
    Unchanged = 2,
    /// Another document of the tenant has the same content. Not billed.
    Duplicate = 3,
    /// The URL leads to another one, which has a ledger row of its own.
    Redirected = 4,
    /// A later fetch of the same document was committed first.
    Superseded = 5,
    /// A rule kept us from fetching or storing it.
    Skipped = 6,
    /// It could not be fetched or stored.
    Failed = 7,
}

impl State {
    /// The number in `crawl_urls.state`.
    pub const fn code(self) -> i16 {
        self as i16
    }
}

/// The reason behind a [`State`]: a stable code that users see and filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// Stored as a new document or a new version of one.
    Stored,
    /// Same content as the stored document.
    Unchanged,
    /// Same content as another document; the evidence names it.
    Duplicate,
    /// Redirected to the URL in the evidence.
    Redirected,
    /// A newer fetch of the same document won.
    Superseded,
    /// Refused by a line of robots.txt, which is the evidence.
    Robots,
    /// robots.txt could not be read, so the host may not be crawled now.
    RobotsUnreachable,
    /// The page asks not to be indexed (meta robots or X-Robots-Tag).
    Noindex,
    /// The page says that it is not there, with a status that says it is.
    SoftNotFound,
    /// A sitemap or feed: its URLs were read, and it is no page itself.
    Sitemap,
    /// Not fetched, because the crawl is a dry run; the evidence says what would be done.
    DryRun,
    /// The content type is not one that is extracted.
    UnsupportedType,
    /// The URL or an address behind it is not public and was not allowed by the operator.
    TargetForbidden,
    /// The server answered with a 4xx status.
    Http4xx,
    /// The server answered with a 5xx status until the attempts were used up.
    Http5xx,
    /// The host name has no address.
    Dns,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The request took too long.
    Timeout,
    /// The response broke off or was not HTTP.
    Protocol,
    /// Too many redirects, or a loop.
    TooManyRedirects,
    /// The body is larger than the limit for its type.
    TooLarge,
    /// The body grows out of proportion when it is decompressed.
    DecompressionBomb,
    /// The headers of the answer are too many or too long.
    HeadersTooLarge,
    /// The body has a content coding that was not asked for.
    UnsupportedEncoding,
    /// The redirect leads out of the crawl's scope.
    RedirectOutOfScope,
    /// The parser gave up on the page.
    ParserFailed,
    /// Postgres refused the page's data.
    Unstorable,
    /// Its workers kept dying with it in hand, the last one with nothing else.
    Poison,
    /// Waits because the tenant's monthly limit is used up.
    Quota,
    /// Waits for its next attempt; the evidence says after what.
    Retry,
}

impl Verdict {
    /// The stable code, as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Unchanged => "unchanged",
            Self::Duplicate => "duplicate",
            Self::Redirected => "redirected",
            Self::Superseded => "superseded",
            Self::Robots => "robots",
            Self::RobotsUnreachable => "robots_unreachable",
            Self::Noindex => "noindex",
            Self::SoftNotFound => "soft_not_found",
            Self::Sitemap => "sitemap",
            Self::DryRun => "dry_run",
            Self::UnsupportedType => "unsupported_type",
            Self::TargetForbidden => "target_forbidden",
            Self::Http4xx => "http_4xx",
            Self::Http5xx => "http_5xx",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::TooManyRedirects => "too_many_redirects",
            Self::TooLarge => "too_large",
            Self::DecompressionBomb => "decompression_bomb",
            Self::HeadersTooLarge => "headers_too_large",
            Self::UnsupportedEncoding => "unsupported_encoding",
            Self::RedirectOutOfScope => "redirect_out_of_scope",
            Self::ParserFailed => "parser_failed",
            Self::Unstorable => "unstorable",
            Self::Poison => "poison",
            Self::Quota => "quota",
            Self::Retry => "retry",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
