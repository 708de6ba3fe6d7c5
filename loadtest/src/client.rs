//! A client of the native API, for `rad`, the fleet of real processes and tests.
//!
//! [`Api`] is a caller: an address and a key. Each call is one request, except for listings, which follow
//! `next_cursor` until they have what was asked for. Answers are typed; fields that this client does not know are
//! ignored, so that it can ask a newer scheduler.
//!
//! [`ApiError`] separates what the person in front must treat differently: the API can't be reached, it refuses,
//! or what answers is something else.

mod api;
mod crawl;
mod document;
mod error;
mod operate;
mod progress;
mod requester;
mod route;
mod tenant;
mod worker;

pub use api::Api;
pub use crawl::{
    Counts, CrawlError, CrawlStatus, Death, ExcludedLinks, Explanation, Pause, ReasonCount, RetriedCrawl,
    StartRequest,
};
pub use document::{Chunk, Document, DocumentDetail, NearDuplicate, Sample};
pub use error::{ApiError, FieldError};
pub use progress::Progress;
pub use tenant::{Key, Limit, NewKey, NewTenant, RevokedKey, Tenant, TenantChange, Whoami};
pub use worker::{Health, Worker};

pub(crate) use requester::Requester;
