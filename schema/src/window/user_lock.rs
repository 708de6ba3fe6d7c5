//! Locks that users take by the name of a resource.
//!
//! They stand beside those that workers take for the URLs they fetch, so that both exclude each other, and end with
//! the window. Their fencing tokens never go back: the generation leads them.

use std::time::Duration;

use rad_core::ids::{Fence, Hash128, TenantId};

use super::{Window, WindowError};
use crate::db::millis;

/// Who has a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockHolder {
    /// The name that the holder gave; none when a worker of the fleet fetches the URL.
    pub user: Option<String>,
    /// Token of the lock; whoever gets it later has a higher one.
    pub fence: Fence,
    /// When it ends by itself, in milliseconds since 1970 by the clock of Redis.
    pub ends_ms: i64,
}

/// What a call did, and how the lock stands after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockAnswer {
    /// What was asked was done.
    pub done: bool,
    /// Who has it now.
    pub holder: Option<LockHolder>,
}

/// A resource of a tenant; only its hash is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Whose.
    pub tenant: TenantId,
    /// Hash of its name; of a URL, that of its canonical form.
    pub name: Hash128,
}

impl Window {
    /// Takes a lock for `ttl`, or renews it for who holds it.
    pub async fn acquire_lock(
        &self,
        resource: Resource,
        user: &str,
        ttl: Duration,
    ) -> Result<LockAnswer, WindowError> {
        self.user_lock("acquire", resource, user, ttl).await
    }

    /// Gives a lock back that `user` holds.
    pub async fn release_lock(&self, resource: Resource, user: &str) -> Result<LockAnswer, WindowError> {
        self.user_lock("release", resource, user, Duration::ZERO).await
    }

    /// Who has a lock.
    pub async fn check_lock(&self, resource: Resource) -> Result<Option<LockHolder>, WindowError> {
        Ok(self.user_lock("check", resource, "", Duration::ZERO).await?.holder)
    }

    async fn user_lock(
        &self,
        what: &str,
        resource: Resource,
        user: &str,
        ttl: Duration,
    ) -> Result<LockAnswer, WindowError> {
        let answer = self
            .call(
                "user_lock",
                |scripts| &scripts.user_lock,
                |call| {
                    call.arg(what).arg(resource.tenant.0).arg(resource.name.to_string());
                    call.arg(user).arg(millis(ttl));
                },
            )
            .await?;
        if answer == "STALE" {
            return Err(WindowError::Stale);
        }
        read(&answer, self.generation)
            .ok_or_else(|| WindowError::Answer { script: "user_lock", answer: answer.clone() })
    }
}

/// `OK <done> <fence> <end> <kind> <holder>`; the holder's name may have blanks.
fn read(answer: &str, generation: i64) -> Option<LockAnswer> {
    let mut words = answer.strip_prefix("OK ")?.splitn(5, ' ');
    let done = words.next()? == "1";
    let fence = Fence { generation, counter: words.next()?.parse().ok()? };
    let ends_ms = words.next()?.parse().ok()?;
    let (kind, name) = (words.next()?, words.next()?);
    let holder = |user| Some(LockHolder { user, fence, ends_ms });
    let holder = match kind {
        "user" => holder(Some(name.to_owned())),
        "task" => holder(None),
        "-" => None,
        _ => return None,
    };
    Some(LockAnswer { done, holder })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_blanks_come_back_whole() {
        let held = read("OK 0 7 1760000000000 user  a b ", 3).unwrap();
        let holder = held.holder.unwrap();
        assert_eq!((held.done, holder.user.as_deref()), (false, Some(" a b ")));
        assert_eq!(holder.fence, Fence { generation: 3, counter: 7 });
        assert_eq!(read("OK 1 0 0 - ", 3), Some(LockAnswer { done: true, holder: None }));
        assert_eq!(read("OK 0 8 5 task ", 3).unwrap().holder.unwrap().user, None);
        for strange in ["OK", "OK 1 x 0 - ", "OK 1 0 0 other ", "GONE"] {
            assert_eq!(read(strange, 3), None, "{strange}");
        }
    }
}
