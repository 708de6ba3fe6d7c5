//! Giving failed URLs of a crawl another life.

use rad_core::ids::{JobId, TenantId};
use rad_schema::dead_letters::Retried;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Crawl, missing};
use crate::service::fields::Fields;
use crate::service::{Service, ServiceError};

/// Longest code of a verdict that is looked for.
const MAX_VERDICT: usize = 40;
const VERDICT: &str = "the code of a verdict such as poison or http_5xx, or nothing for all that failed";

/// A crawl after a retry.
#[derive(Debug, Serialize)]
pub(crate) struct RetriedCrawl {
    #[serde(flatten)]
    crawl: Crawl,
    /// URLs that wait again.
    reopened: i64,
}

impl Service {
    /// Opens failed URLs again, those of `{verdict?}`. The crawl runs on, unless it was cancelled.
    pub(crate) async fn retry(
        &self,
        tenant: TenantId,
        job: JobId,
        wanted: Map<String, Value>,
    ) -> Result<RetriedCrawl, ServiceError> {
        let mut fields = Fields::of(wanted);
        let verdict = fields.optional("verdict", VERDICT, |code: &String| is_code(code));
        fields.finish()?;
        let (urls, lanes) = match self.db.retry_failed(tenant, job, verdict.as_deref()).await? {
            Retried::Unknown => return Err(missing(job)),
            Retried::Cancelled => return Err(ServiceError::CrawlCancelled { job }),
            Retried::Reopened { urls, lanes } => (urls, lanes),
        };
        if urls > 0 {
            tracing::info!(
                tenant.id = tenant.0,
                job.id = job.0,
                urls,
                verdict = verdict.as_deref().unwrap_or("any"),
                "failed URLs opened again"
            );
            self.feed_soon(&lanes).await;
        }
        Ok(RetriedCrawl { crawl: self.crawl(tenant, job).await?, reopened: urls })
    }
}

fn is_code(text: &str) -> bool {
    (1..=MAX_VERDICT).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_has_the_form_of_a_code() {
        for code in ["poison", "http_5xx", "a"] {
            assert!(is_code(code), "{code}");
        }
        for text in ["", "Poison", "poison ", "a-b", &"x".repeat(41)] {
            assert!(!is_code(text), "{text:?}");
        }
    }
}
