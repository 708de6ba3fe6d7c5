//! Locks that users take by the name of a resource, so that no two of them do the same work.
//!
//! A lock is a lease: it ends after its time, and with the window. What must be exact is guarded by the fencing
//! token, which is higher for whoever gets the lock later, whatever happened in between.

use std::time::Duration;

use rad_core::ids::{Fence, Hash128, TenantId};
use rad_core::url::CanonicalUrl;
use rad_schema::keys::{shard_of, shard_of_name};
use rad_schema::queue::Queue;
use rad_schema::window::{LockAnswer, LockHolder, Resource, Window, WindowError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::fields::Fields;
use super::instant::rfc3339;
use super::tasks::{WORKER, is_name};
use super::{Service, ServiceError};

const RESOURCE: &str = "a text of 1 to 1024 bytes";
const TTL: &str = "a whole number of seconds from 1 to 3600";
const MAX_RESOURCE_BYTES: usize = 1_024;
/// Stands as the holder of a URL that the fleet fetches at the moment.
const FLEET: &str = "rad-worker";

/// The answer to `acquire_lock`.
#[derive(Debug, Serialize)]
pub(crate) struct Acquired {
    acquired: bool,
    #[serde(flatten)]
    held: Shown,
}

/// The answer to `release_lock`.
#[derive(Debug, Serialize)]
pub(crate) struct Released {
    released: bool,
}

/// The answer to `check_lock`.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    locked: bool,
    #[serde(flatten)]
    held: Shown,
}

/// Who has a lock, for how long, and under which token.
#[derive(Debug, Default, Serialize)]
struct Shown {
    holder: Option<String>,
    fencing_token: Option<String>,
    expires_at: Option<String>,
}

impl Service {
    /// `acquire_lock({resource, worker_id, ttl_seconds})`: takes the lock, or renews it for who has it.
    pub(crate) async fn acquire_lock(
        &self,
        tenant: TenantId,
        wanted: Map<String, Value>,
    ) -> Result<Acquired, ServiceError> {
        let mut fields = Fields::of(wanted);
        let (resource, worker) = (resource(&mut fields), worker(&mut fields));
        let ttl = fields.required("ttl_seconds", TTL, |n: &u64| (1..=3_600).contains(n));
        fields.finish()?;
        let (Some(resource), Some(worker), Some(ttl)) = (resource, worker, ttl) else {
            unreachable!("what is missing or wrong is a fault")
        };
        let window = self.lock_window(&resource).await?;
        let answer = window.acquire_lock(named(tenant, &resource), &worker, Duration::from_secs(ttl)).await?;
        let LockAnswer { done, holder } = answer;
        Ok(Acquired { acquired: done, held: holder.map(Shown::from).unwrap_or_default() })
    }

    /// `release_lock({resource, worker_id})`: gives it back if this worker has it.
    pub(crate) async fn release_lock(
        &self,
        tenant: TenantId,
        wanted: Map<String, Value>,
    ) -> Result<Released, ServiceError> {
        let mut fields = Fields::of(wanted);
        let (resource, worker) = (resource(&mut fields), worker(&mut fields));
        fields.finish()?;
        let (Some(resource), Some(worker)) = (resource, worker) else {
            unreachable!("what is missing or wrong is a fault")
        };
        let window = self.lock_window(&resource).await?;
        let answer = window.release_lock(named(tenant, &resource), &worker).await?;
        Ok(Released { released: answer.done })
    }

    /// `check_lock({resource})`.
    pub(crate) async fn check_lock(
        &self,
        tenant: TenantId,
        wanted: Map<String, Value>,
    ) -> Result<Checked, ServiceError> {
        let mut fields = Fields::of(wanted);
        let resource = resource(&mut fields);
        fields.finish()?;
        let resource = resource.expect("what is missing or wrong is a fault");
        let window = self.lock_window(&resource).await?;
        let holder = window.check_lock(named(tenant, &resource)).await?;
        Ok(Checked { locked: holder.is_some(), held: holder.map(Shown::from).unwrap_or_default() })
    }

    /// The window with the lock of a resource: for a URL that of its host, where its workers lock it.
    async fn lock_window(&self, resource: &str) -> Result<Window, ServiceError> {
        let layout = self.db.layout(Queue::Crawl).await?;
        let count = u32::try_from(layout.count()).unwrap_or(u32::MAX);
        let shard = match CanonicalUrl::parse(resource) {
            _ if count <= 1 => 0,
            Err(_) => shard_of_name(Hash128::of(resource.as_bytes()), count),
            Ok(url) => {
                let key = url.host_key();
                let hosts = self.db.intern_hosts(std::slice::from_ref(&key)).await?;
                shard_of(*hosts.get(&key).expect("interning returns a number for every key"), count)
            }
        };
        let placed = layout.shards.get(shard as usize).ok_or(WindowError::Stale)?;
        Ok(self.shards.at(Queue::Crawl, &placed.place).window(placed.shard.generation))
    }
}

impl From<LockHolder> for Shown {
    fn from(holder: LockHolder) -> Self {
        Self {
            holder: Some(holder.user.unwrap_or_else(|| FLEET.to_owned())),
            fencing_token: Some(fencing_token(holder.fence)),
            expires_at: Some(rfc3339(holder.ends_ms)),
        }
    }
}

/// Of one width, so that a store that compares texts finds the later one the greater.
fn fencing_token(fence: Fence) -> String {
    format!("{:08x}{:016x}", fence.generation, fence.counter)
}

/// A URL has the same name as for the workers that fetch it, however it is spelled; anything else is taken as it is.
fn named(tenant: TenantId, resource: &str) -> Resource {
    let name =
        CanonicalUrl::parse(resource).map_or_else(|_| Hash128::of(resource.as_bytes()), |url| url.hash());
    Resource { tenant, name }
}

fn resource(fields: &mut Fields) -> Option<String> {
    fields.required::<String>("resource", RESOURCE, |text| (1..=MAX_RESOURCE_BYTES).contains(&text.len()))
}

fn worker(fields: &mut Fields) -> Option<String> {
    fields.required::<String>("worker_id", WORKER, |name| is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_one_name_however_it_is_spelled() {
        let tenant = TenantId(1);
        let url = named(tenant, "https://example.com/a");
        assert_eq!(url, named(tenant, "HTTPS://Example.com:443/a#part"));
        assert_eq!(url.name, CanonicalUrl::parse("https://example.com/a").unwrap().hash());
        assert_ne!(url, named(tenant, "https://example.com/b"));
        assert_ne!(named(tenant, "report 7"), named(tenant, "report 8"));
        assert_eq!(named(tenant, "report 7").name, Hash128::of(b"report 7"));
    }

    #[test]
    fn tokens_compare_as_texts() {
        let token = |generation, counter| fencing_token(Fence { generation, counter });
        assert!(token(1, 9) < token(1, 10));
        assert!(token(1, i64::MAX) < token(2, 1));
        assert!(token(9, 1) < token(10, 1));
    }
}
