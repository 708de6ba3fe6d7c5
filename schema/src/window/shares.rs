//! Setting how many tasks of a tenant may run in a shard, and seeing how many do.

use rad_core::ids::TenantId;

use super::{Window, WindowError, number, words};

/// How a tenant uses its share of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareUse {
    /// Tasks that may run at once; none was ever set.
    pub share: Option<i64>,
    /// Tasks that run. More than the share for a while after it was lowered.
    pub running: i64,
    /// Hosts with due tasks that wait for a worker.
    pub offered: i64,
    /// Due work was passed over within the last seconds because the share was used up.
    pub fell_short: bool,
}

/// An answer of a shard.
#[derive(Debug)]
pub enum Told {
    /// How tenants use their shares: those asked for, and those that fell short.
    Uses(Vec<(TenantId, ShareUse)>),
    /// A later leadership sets the shares.
    Superseded,
}

impl Window {
    /// Sets shares for the leadership called `leadership`, and tells of their tenants, of those `asked` for and of those
    /// that fell short.
    pub async fn shares(
        &self,
        leadership: i64,
        set: &[(TenantId, i64)],
        asked: &[TenantId],
    ) -> Result<Told, WindowError> {
        let answer = self
            .call(
                "shares",
                |scripts| &scripts.shares,
                |call| {
                    call.arg(leadership).arg(set.len());
                    for (tenant, share) in set {
                        call.arg(tenant.0).arg(*share);
                    }
                    for tenant in asked {
                        call.arg(tenant.0);
                    }
                },
            )
            .await?;
        if answer == "OLD" {
            return Ok(Told::Superseded);
        }
        let mut words = words("shares", &answer)?.peekable();
        let mut uses = Vec::new();
        while words.peek().is_some() {
            let mut next = || number("shares", &answer, &mut words);
            let (tenant, share) = (TenantId(next()?), next()?);
            let (running, offered, fell_short) = (next()?, next()?, next()? == 1);
            let share = (share >= 0).then_some(share);
            uses.push((tenant, ShareUse { share, running, offered, fell_short }));
        }
        Ok(Told::Uses(uses))
    }
}
