//! Commits: what a worker makes of its pages, and what of it must take effect.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context, ensure};
use rad_core::ids::{HostId, TenantId};
use rad_core::url::CanonicalUrl;
use rad_core::verdict::Verdict;
use rad_schema::commit::{Applied, End, Excluded, Link, Outcome};
use rad_schema::ledger::Hydrated;
use rad_schema::window::Claimed;

use super::sabotage::Sabotage;
use super::worker::Phase;
use super::world::History;
use crate::Done;
use crate::page::content;

/// What a fetch has found.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// A page; at another URL of the host after a redirect.
    Page {
        content: u64,
        target: Option<CanonicalUrl>,
        bytes: i64,
    },
    NotModified,
    Moved,
    Skipped,
    Failed,
    /// Another attempt: this one counts, or it does not.
    Wait {
        failed: bool,
    },
}

/// A finished task and its outcome, which is given to the commit as often as it is asked for.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) claim: Claimed,
    pub(super) task: Hydrated,
    pub(super) found: Found,
    pub(super) links: Vec<(CanonicalUrl, HostId)>,
    pub(super) outcome: Outcome,
}

impl Made {
    /// The document's URL.
    pub(super) fn at(&self) -> &str {
        match &self.found {
            Found::Page { target: Some(target), .. } => target.as_str(),
            _ => &self.task.url,
        }
    }

    pub(super) fn content(&self) -> Option<u64> {
        if let Found::Page { content, .. } = self.found { Some(content) } else { None }
    }
}

impl History {
    pub(super) async fn commit(&mut self, at: usize) -> Done {
        let batch = self.fetched(at);
        let Some(tenant) = batch.first().map(|(claim, _)| claim.tenant) else { return Ok(()) };
        let mut made = Vec::new();
        for (claim, task) in batch {
            made.push(self.make(claim, task));
        }
        // Pages that depend on each other are committed one after the other: their order would decide.
        let batches = if self.meet(tenant, &made) { made.chunks(1).collect() } else { vec![&made[..]] };
        for batch in batches {
            self.commit_batch(at, tenant, batch).await?;
        }
        // Reads the numbers of new URLs before anybody can claim them.
        self.check().await
    }

    /// Fetched pages of one tenant, no task twice.
    fn fetched(&mut self, at: usize) -> Vec<(Claimed, Hydrated)> {
        let most = 1 + self.dice.one_of(3);
        let mut tasks = HashSet::new();
        let mut batch: Vec<(Claimed, Hydrated)> = Vec::new();
        for held in &self.workers[at].hand {
            let tenant = batch.first().map_or(held.claim.tenant, |(claim, _)| claim.tenant);
            if let Phase::Locked(task) = &held.phase
                && batch.len() < most
                && tenant == held.claim.tenant
                && tasks.insert(task.task)
            {
                batch.push((held.claim, task.clone()));
            }
        }
        batch
    }

    /// Whether two of them have a document or a content in common, or one gives up a content that another has.
    fn meet(&self, tenant: TenantId, made: &[Made]) -> bool {
        let pages: Vec<_> = made.iter().filter(|made| made.content().is_some()).collect();
        let documents = &self.ledger.tenants[&tenant].documents;
        let places: HashSet<_> = pages.iter().map(|made| made.at()).collect();
        let contents: HashSet<_> = pages.iter().map(|made| made.content()).collect();
        let owned = documents.iter().any(|(url, document)| {
            places.contains(url.as_str()) && contents.contains(&Some(document.content))
        });
        places.len() < pages.len() || contents.len() < pages.len() || owned
    }

    pub(super) fn make(&mut self, claim: Claimed, task: Hydrated) -> Made {
        let found = self.fetch(&task);
        let mut links = Vec::new();
        if !matches!(found, Found::Skipped | Found::Failed | Found::Wait { .. }) {
            for _ in 0..=self.dice.roll(3) {
                links.push(self.any_url());
            }
        }
        made(claim, task, found, links)
    }

    fn fetch(&mut self, task: &Hydrated) -> Found {
        match self.dice.roll(20) {
            0..10 => {
                let target = self.chance(6).then(|| self.neighbour(task.host));
                let target = target.filter(|target| target.as_str() != task.url);
                // Some contents are found at several URLs, and some URLs change theirs.
                let content =
                    if self.chance(5) { self.dice.roll(4) } else { 1_000 + self.dice.roll(1_000_000) };
                Found::Page { content, target, bytes: 0 }
            }
            10 | 11 if task.document.is_some() => Found::NotModified,
            10..13 => Found::Moved,
            13 | 14 => Found::Skipped,
            15 => Found::Failed,
            16 => Found::Wait { failed: false },
            _ => Found::Wait { failed: true },
        }
    }

    pub(super) async fn commit_batch(&mut self, at: usize, tenant: TenantId, batch: &[Made]) -> Done {
        let claims: Vec<_> = batch.iter().map(|made| made.claim).collect();
        self.dirty = true;
        self.sabotage_commit(tenant).await?;
        let mut outcomes: Vec<_> = batch.iter().map(|made| made.outcome.clone()).collect();
        if self.is_sabotaged(Sabotage::UnfencedCommit) {
            for outcome in &mut outcomes {
                outcome.fence = self.ledger.row(outcome.task).expect("it was hydrated").fence;
            }
        }
        let committed = self.stores.store.db.commit(tenant, outcomes.clone()).await?;
        self.tally.add("commits");
        self.judge_commit(tenant, batch, &committed).context("a commit")?;
        if !self.loses(6) {
            self.settle(at, &claims, committed);
            return Ok(());
        }
        self.tally.add("answers lost: commit");
        if self.is_sabotaged(Sabotage::BilledTwice) {
            self.sql(
                "UPDATE tenant_usage SET pages = pages + 1 + $2 WHERE tenant_id = $1",
                tenant.0,
                Some(0),
            )
            .await?;
        }
        if self.is_sabotaged(Sabotage::CountedTwice) {
            for made in batch {
                let sql = "UPDATE crawl_urls SET hydrated_us = $2 WHERE task_id = $1 AND hydrated_us IS NULL";
                self.sql(sql, made.claim.task.0, Some(1)).await?;
            }
        }
        let again = self.stores.store.db.commit(tenant, outcomes).await?;
        self.judge_commit(tenant, batch, &again).context("a commit again")?;
        for (task, applied) in &again.applied {
            if let Applied::Waits { .. } = applied {
                let before = committed.applied.iter().find(|(of, _)| of == task);
                ensure!(before == Some(&(*task, *applied)), "{applied:?} after {before:?}");
            }
        }
        self.settle(at, &claims, again);
        Ok(())
    }

    async fn sabotage_commit(&mut self, tenant: TenantId) -> Done {
        if self.is_sabotaged(Sabotage::ForgottenUsage) {
            let sql = "UPDATE tenant_usage SET pages = 0 * coalesce($2, 0) WHERE tenant_id = $1";
            self.sql(sql, tenant.0, None).await?;
        }
        Ok(())
    }
}

/// The outcome as a worker would hand it to the commit.
fn made(claim: Claimed, task: Hydrated, mut found: Found, links: Vec<(CanonicalUrl, HostId)>) -> Made {
    let link = |url: &CanonicalUrl, host, position| Link::new(task.job, url, host, 1, 5, position);
    let evidence = || "by the history".to_owned();
    let end = match &mut found {
        Found::Page { content: number, target, bytes } => {
            let own = CanonicalUrl::parse(&task.url).expect("the ledger holds canonical URLs");
            let at = target.clone().unwrap_or(own);
            let mut page = content(&at, &format!("# Page\n\nText number {number}."));
            page.redirect_target = target.as_ref().map(|target| link(target, task.host, 0));
            let chunks: usize = page.chunks.iter().map(|chunk| chunk.text.len()).sum();
            *bytes = i64::try_from(page.body.len() + page.markdown.len() + chunks).expect("small");
            End::Page(Box::new(page))
        }
        Found::NotModified => End::Unchanged { document: task.document },
        Found::Moved => End::Redirected { to: "elsewhere".to_owned() },
        Found::Skipped => End::Skipped { verdict: Verdict::Noindex, evidence: evidence() },
        Found::Failed => End::Failed { verdict: Verdict::Http4xx, evidence: evidence() },
        Found::Wait { failed } => End::Wait {
            verdict: Verdict::Timeout,
            evidence: evidence(),
            wait: Duration::from_millis(1),
            failed: *failed,
        },
    };
    let outcome = Outcome {
        task: task.task,
        job: task.job,
        fence: claim.fence,
        hydrated_us: task.hydrated_us,
        end,
        links: links.iter().enumerate().map(|(n, (url, host))| link(url, *host, n)).collect(),
        settled: Vec::new(),
        excluded: Excluded { host: 1, ..Excluded::default() },
    };
    Made { claim, task, found, links, outcome }
}
