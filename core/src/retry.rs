//! What follows a failed fetch: another attempt later, or the end of the task.
//!
//! Every failure that a fetch can end in has a [`FailureClass`], and [`RetryPolicy::next`] is the one place
//! that decides by it. Randomness and the current time are inputs, so a decision can be replayed.
//!
//! A host that answers 429, or 503 with a Retry-After, asks all of us to slow down, not only the task that met it. The decision
//! then carries a push-back for the host's clock too, also when the task itself gives up.

mod retry_after;

use std::time::{Duration, SystemTime};

use crate::verdict::Verdict;

pub use retry_after::RetryAfter;

/// How a fetch failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// The host name could not be resolved.
    Dns,
    /// No connection could be made in time.
    Connect,
    /// The TLS handshake failed: a bad certificate or no common version.
    Tls,
    /// The answer or its body did not come in time.
    Timeout,
    /// The response broke off or was not HTTP.
    Protocol,
    /// The URL or an address behind it is not public and was not allowed by the operator.
    Forbidden,
    /// Too many redirects, or a loop.
    TooManyRedirects,
    /// The body is larger than the limit.
    TooLarge,
    /// The body grows out of proportion when it is decoded.
    DecompressionBomb,
    /// The headers of the answer are too many or too long.
    HeadersTooLarge,
    /// The body has a content coding that was not asked for.
    UnsupportedEncoding,
    /// The content type is not one that is extracted.
    UnsupportedType,
    /// robots.txt could not be read, so the host may not be crawled now.
    RobotsUnreachable,
    /// The server answered with a status that is not a success.
    Status {
        /// The status code, 100 to 999.
        code: u16,
        /// What its Retry-After header asked for.
        retry_after: Option<RetryAfter>,
    },
}

impl FailureClass {
    /// The verdict of a task that ends with this failure.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Dns => Verdict::Dns,
            Self::Connect => Verdict::Connect,
            Self::Tls => Verdict::Tls,
            Self::Timeout => Verdict::Timeout,
            Self::Protocol => Verdict::Protocol,
            Self::Forbidden => Verdict::TargetForbidden,
            Self::TooManyRedirects => Verdict::TooManyRedirects,
            Self::TooLarge => Verdict::TooLarge,
            Self::DecompressionBomb => Verdict::DecompressionBomb,
            Self::HeadersTooLarge => Verdict::HeadersTooLarge,
            Self::UnsupportedEncoding => Verdict::UnsupportedEncoding,
            Self::UnsupportedType => Verdict::UnsupportedType,
            Self::RobotsUnreachable => Verdict::RobotsUnreachable,
            Self::Status { code, .. } => match code {
                400..=499 => Verdict::Http4xx,
                500..=599 => Verdict::Http5xx,
                // What remains is no answer to a GET: 1xx, a 3xx without a target, or an invented code.
                _ => Verdict::Protocol,
            },
        }
    }

    /// Whether another attempt may end differently.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::Dns | Self::Connect | Self::Timeout | Self::Protocol | Self::RobotsUnreachable => true,
            Self::Status { code, .. } => matches!(code, 408 | 425 | 429 | 500..=599),
            Self::Tls
            | Self::Forbidden
            | Self::TooManyRedirects
            | Self::TooLarge
            | Self::DecompressionBomb
            | Self::HeadersTooLarge
            | Self::UnsupportedEncoding
            | Self::UnsupportedType => false,
        }
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The task waits, then is fetched again.
    RetryAfter {
        /// Least time until the next attempt.
        wait: Duration,
        /// Least time until anybody contacts the host again, if it asked for that.
        host_pushback: Option<Duration>,
    },
    /// The task ends.
    GiveUp {
        /// Why it ended.
        verdict: Verdict,
        /// Least time until anybody contacts the host again, if it asked for that.
        host_pushback: Option<Duration>,
    },
}

impl Next {
    /// Least time until anybody contacts the host again, if it asked for that.
    pub const fn host_pushback(self) -> Option<Duration> {
        match self {
            Self::RetryAfter { host_pushback, .. } | Self::GiveUp { host_pushback, .. } => host_pushback,
        }
    }
}

/// How often and how late to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Unit of the backoff: the wait after attempt `n` is at most `base` × 4ⁿ.
    pub base: Duration,
    /// Longest wait that we choose ourselves.
    pub cap: Duration,
    /// Attempts in all, the first one included.
    pub max_attempts: u32,
    /// Longest wait that a host can ask for.
    pub retry_after_cap: Duration,
}

impl Default for RetryPolicy {
    /// Four attempts: after 4 s, 16 s and 64 s at most, which outlasts a restart of the target.
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            cap: Duration::from_mins(5),
            max_attempts: 4,
            retry_after_cap: Duration::from_hours(1),
        }
    }
}

impl RetryPolicy {
    /// Decides what follows the failure of attempt number `attempt` (the first one is 1).
    ///
    /// `jitter` is a random number from 0 to 1 that spreads the attempts of many tasks over the second half
    /// of the backoff. `now` is only compared with a date in Retry-After.
    pub fn next(&self, failure: FailureClass, attempt: u32, jitter: f64, now: SystemTime) -> Next {
        let backoff = self.backoff(attempt, jitter);
        let host_pushback = self.host_pushback(failure, backoff, now);
        if !failure.is_retryable() || attempt >= self.max_attempts {
            return Next::GiveUp { verdict: failure.verdict(), host_pushback };
        }
        Next::RetryAfter {
            wait: host_pushback.map_or(backoff, |pushback| backoff.max(pushback)),
            host_pushback,
        }
    }

    /// A 429 speaks for the host. A 503 does when it says for how long; without that it may be one broken page.
    fn host_pushback(&self, failure: FailureClass, backoff: Duration, now: SystemTime) -> Option<Duration> {
        let FailureClass::Status { code, retry_after } = failure else { return None };
        match (code, retry_after) {
            (429 | 503, Some(asked)) => Some(asked.wait(now).min(self.retry_after_cap)),
            (429, None) => Some(backoff),
            _ => None,
        }
    }

    /// Between half and all of `base` × 4^`attempt`, and never above the cap.
    fn backoff(&self, attempt: u32, jitter: f64) -> Duration {
        let longest = 4_u32
            .checked_pow(attempt)
            .and_then(|factor| self.base.checked_mul(factor))
            .map_or(self.cap, |wait| wait.min(self.cap));
        // `clamp` keeps NaN, which `max` turns into 0: a bad input must not panic in `mul_f64`.
        longest.mul_f64(0.5 + jitter.clamp(0.0, 1.0).max(0.0) / 2.0)
    }
}

#[cfg(test)]
mod tests;
