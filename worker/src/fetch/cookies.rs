//! The cookies of a crawl, as headers.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rad_core::cookies::Jar;
use rad_core::url::CanonicalUrl;
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

/// What servers have set for the fetches of one crawl.
#[derive(Debug, Default)]
pub struct Cookies {
    jar: Mutex<Jar>,
}

impl Cookies {
    fn jar(&self) -> MutexGuard<'_, Jar> {
        // A panic between two changes leaves a valid jar.
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changes(&self) -> u64 {
        self.jar().changes()
    }

    pub(super) fn add_to(&self, request: &mut HeaderMap, url: &CanonicalUrl) {
        let header = self.jar().header(url, SystemTime::now());
        if let Some(mut value) = header.and_then(|header| HeaderValue::from_maybe_shared(header).ok()) {
            // Kept out of what the HTTP client logs.
            value.set_sensitive(true);
            request.insert(COOKIE, value);
        }
    }

    pub(super) fn take(&self, url: &CanonicalUrl, answer: &HeaderMap) {
        let (mut jar, now) = (self.jar(), SystemTime::now());
        for value in answer.get_all(SET_COOKIE) {
            jar.take(url, &String::from_utf8_lossy(value.as_bytes()), now);
        }
    }
}
