//! Fetches robots.txt as RFC 9309 2.3.1 wants it.
//!
//! What cannot be found allows everything; what cannot be reached forbids everything for now. Redirects within the
//! host are followed with its pause. One that leads to another host is handed back, because that host has a clock of
//! its own; the file speaks for the host that was asked all the same.

use std::time::Duration;

use bytes::Bytes;
use rad_core::retry::FailureClass;
use rad_core::url::{CanonicalUrl, HostKey};
use reqwest::Response;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue};
use tokio::time::{sleep, timeout};

use super::body::{ACCEPTED_CODINGS, BodyReader};
use super::error::{FetchError, Slow};
use super::get::{redirect_target, target_url};
use super::{Fetcher, guard, headers, meters};

/// Redirects that RFC 9309 2.3.1.2 asks to follow; after more the file counts as not there.
const MAX_HOPS: usize = 5;

/// What RFC 9309 2.5 asks to read at least; what follows is ignored.
const CAP: usize = 500 * 1024;

/// What asking a host for its robots.txt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RobotsFetch {
    /// The file, at most its first 500 KiB, cut after a whole line.
    Found(Bytes),
    /// The host has none, so everything is allowed.
    AllowAll {
        /// The status it said so with: 4xx, or that of a redirect that led nowhere.
        status: u16,
    },
    /// The file could not be read, so nothing is allowed for now.
    Unreachable {
        /// Why not.
        failure: FailureClass,
    },
    /// Another host keeps the file; that host was not contacted.
    Elsewhere(RobotsQuest),
}

/// Where a robots.txt is looked for next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RobotsQuest {
    /// Where it should be.
    pub url: CanonicalUrl,
    /// Redirects that led there.
    hops: usize,
}

impl RobotsQuest {
    /// The file of `host`, at its place.
    pub fn of(host: &HostKey) -> Self {
        let url = host.origin_url().join("/robots.txt").expect("a path can be joined to any origin");
        Self { url, hops: 0 }
    }
}

impl Fetcher {
    /// Takes up the quest for a robots.txt, up to its end or to the next host. `pause` is left between two requests.
    pub async fn robots(&self, quest: RobotsQuest, pause: Duration) -> RobotsFetch {
        let longest = self.config.robots_timeout + pause * u32::try_from(MAX_HOPS).unwrap_or(0);
        let fetched = timeout(longest, self.follow_robots(quest, pause)).await;
        let fetched = fetched.unwrap_or(Err(FetchError::Timeout(Slow::Total)));
        fetched.unwrap_or_else(|error| {
            meters::failed(FailureClass::RobotsUnreachable);
            RobotsFetch::Unreachable { failure: error.failure() }
        })
    }

    async fn follow_robots(&self, quest: RobotsQuest, pause: Duration) -> Result<RobotsFetch, FetchError> {
        let RobotsQuest { mut url, mut hops } = quest;
        let host = url.host_key();
        loop {
            let contact = self.contact(&host);
            let response = self.request(&url, request_headers()).await?;
            let Some(location) = redirect_target(&response) else {
                return self.read_robots(response).await;
            };
            if hops == MAX_HOPS {
                let status = response.status().as_u16();
                return Ok(RobotsFetch::AllowAll { status });
            }
            url = target_url(&url, location)?;
            hops += 1;
            guard::check_url(&self.config.addresses, url.as_url()).map_err(FetchError::Forbidden)?;
            if url.host_key() != host {
                return Ok(RobotsFetch::Elsewhere(RobotsQuest { url, hops }));
            }
            drop(contact);
            sleep(pause).await;
        }
    }

    async fn read_robots(&self, response: Response) -> Result<RobotsFetch, FetchError> {
        let status = response.status();
        if status.is_success() {
            let bytes_in = self.meters.bytes_in.clone();
            let mut reader = BodyReader::new(response, CAP + 1, self.config.min_rate, bytes_in)?;
            reader.read_to(CAP + 1).await?;
            return Ok(RobotsFetch::Found(whole_lines(reader.into_bytes()).into()));
        }
        let status = status.as_u16();
        // The RFC counts 429 among "not there", but a host that asks for fewer requests has not said that
        // everything is allowed.
        if matches!(status, 300..=399 | 400..=428 | 430..=499) {
            return Ok(RobotsFetch::AllowAll { status });
        }
        let retry_after = headers::retry_after(response.headers());
        Err(FetchError::Status { status, retry_after })
    }
}

fn request_headers() -> HeaderMap {
    let mut request = HeaderMap::new();
    request.insert(ACCEPT, HeaderValue::from_static("text/plain, */*;q=0.5"));
    request.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_CODINGS));
    request
}

/// Cuts a file that is too long after its last whole line: half a path would be a wider rule.
fn whole_lines(mut file: Vec<u8>) -> Vec<u8> {
    if file.len() > CAP {
        let end = file[..CAP].iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
        file.truncate(end.map_or(0, |end| end + 1));
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_cut_after_a_whole_line_and_a_short_one_is_not() {
        let line = b"Disallow: /a\n";
        let long: Vec<u8> = line.iter().copied().cycle().take(CAP + 1).collect();
        let cut = whole_lines(long);
        assert_eq!(cut.len(), CAP / line.len() * line.len());
        assert!(cut.ends_with(line));

        let exact = vec![b'x'; CAP];
        assert_eq!(whole_lines(exact).len(), CAP);
        assert_eq!(whole_lines(vec![b'x'; CAP + 1]), b"");
    }
}
