//! Which answers of a commit the rules allow, and what the model makes of them.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use rad_core::ids::{JobId, TenantId};
use rad_core::verdict::State;
use rad_schema::commit::{Applied, Committed};

use super::commit::{Found, Made};
use super::ledger::{Document, Ledger, Row};
use super::world::History;
use crate::Done;

/// What stood against a batch before it was committed.
struct Before {
    alone: bool,
    /// The tenant's month, or its storage, may have had no room for all of it.
    full: bool,
    /// Crawls that had no room for all of it.
    full_crawls: Vec<JobId>,
}

impl History {
    /// Every answer is one that the rules allow, and the model does the same.
    pub(super) fn judge_commit(&mut self, tenant: TenantId, batch: &[Made], committed: &Committed) -> Done {
        ensure!(committed.applied.len() == batch.len(), "{:?}", committed.applied);
        let before = self.ledger.before(tenant, batch);
        let mut ended = Vec::new();
        for made in batch {
            let mut answers = committed.applied.iter().filter(|(task, _)| *task == made.claim.task);
            let applied = answers.next().with_context(|| format!("no answer for {}", made.task.url))?.1;
            let ends = self.ledger.judge(tenant, made, applied, &before).with_context(|| {
                format!("{applied:?} for {:?} of {:?} among {}", made.found, made.claim, batch.len())
            })?;
            self.tally.add(kind(applied));
            if ends {
                ended.push(made);
            }
        }
        // Targets of redirects come before all links.
        let added: usize = ended.into_iter().map(|made| self.ledger.link(made)).sum();
        ensure!(committed.new_tasks.len() == added, "{} new URLs, not {added}", committed.new_tasks.len());
        let known = &self.ledger.tenants[&tenant];
        ensure!(
            known.monthly.is_none_or(|most| known.used <= most),
            "{} pages of {:?}",
            known.used,
            known.monthly
        );
        Ok(())
    }
}

fn kind(applied: Applied) -> &'static str {
    match applied {
        Applied::Ended(State::Stored) => "ended: stored",
        Applied::Ended(State::Duplicate) => "ended: duplicate",
        Applied::Ended(State::Redirected) => "ended: redirected",
        Applied::Ended(State::Superseded) => "ended: superseded",
        Applied::Ended(State::Unchanged) => "ended: unchanged",
        Applied::Ended(_) => "ended: skipped or failed",
        Applied::Waits { .. } => "waits",
        Applied::Quota => "refused: quota",
        Applied::NotOurs => "refused: not ours",
        Applied::CrawlEnded => "refused: crawl ended",
        Applied::CrawlFull => "refused: crawl full",
    }
}

impl Ledger {
    fn before(&self, tenant: TenantId, batch: &[Made]) -> Before {
        let mut by_crawl: BTreeMap<JobId, i64> = BTreeMap::new();
        let mut bytes = 0;
        for made in batch {
            if let Found::Page { bytes: of, .. } = made.found
                && self.is_live(made)
                && self.fate(tenant, made) == State::Stored
            {
                *by_crawl.entry(made.task.job).or_default() += 1;
                bytes += of;
            }
        }
        let known = &self.tenants[&tenant];
        let pages: i64 = by_crawl.values().sum();
        let full_crawls = by_crawl.into_iter().filter(|(job, pages)| {
            let crawl = &self.crawls[job];
            crawl.max_pages.is_some_and(|most| crawl.count(State::Stored) + pages > most)
        });
        Before {
            alone: batch.len() == 1,
            full: pages > 0
                && (known.monthly.is_some_and(|most| known.used + pages > most)
                    || known.storage.is_some_and(|most| known.bytes + bytes > most)),
            full_crawls: full_crawls.map(|(job, _)| job).collect(),
        }
    }

    /// Its crawl takes effects, and its row is open under its fence.
    fn is_live(&self, made: &Made) -> bool {
        let row = self.row(made.claim.task).expect("it was hydrated");
        self.crawls[&made.task.job].takes_effects()
            && row.state == State::Open
            && row.fence == made.claim.fence
    }

    /// What becomes of a page that no limit keeps out; for a redirect, of its target.
    fn fate(&self, tenant: TenantId, made: &Made) -> State {
        let Found::Page { content, ref target, .. } = made.found else {
            unreachable!("asked of pages only");
        };
        let known =
            target.as_ref().is_some_and(|at| self.crawls[&made.task.job].rows.contains_key(at.as_str()));
        if known {
            return State::Redirected;
        }
        let documents = &self.tenants[&tenant].documents;
        if documents.iter().any(|(url, document)| url != made.at() && document.content == content) {
            return State::Duplicate;
        }
        match documents.get(made.at()) {
            Some(document) if document.version >= (made.task.hydrated_us, made.claim.task) => {
                State::Superseded
            }
            Some(document) if document.content == content => State::Unchanged,
            _ => State::Stored,
        }
    }

    /// True when the task has ended by this.
    fn judge(
        &mut self,
        tenant: TenantId,
        made: &Made,
        applied: Applied,
        before: &Before,
    ) -> anyhow::Result<bool> {
        if !self.crawls[&made.task.job].takes_effects() {
            ensure!(applied == Applied::CrawlEnded, "its crawl has ended");
            return Ok(false);
        }
        if !self.is_live(made) {
            ensure!(applied == Applied::NotOurs, "it is not ours: {:?}", self.row(made.claim.task));
            return Ok(false);
        }
        let page = matches!(made.found, Found::Page { .. });
        let refusable = page && (!before.alone || self.fate(tenant, made) == State::Stored);
        match applied {
            Applied::Quota => {
                ensure!(refusable && before.full, "there was room");
                self.row_mut(made.claim.task).expect("live").in_hand = false;
                Ok(false)
            }
            Applied::CrawlFull => {
                ensure!(refusable && before.full_crawls.contains(&made.task.job), "the crawl had room");
                Ok(false)
            }
            Applied::Waits { .. } => {
                let Found::Wait { failed } = made.found else { bail!("it has an end") };
                let row = self.row_mut(made.claim.task).expect("live");
                row.attempts += i16::from(failed && row.in_hand);
                row.in_hand = false;
                Ok(false)
            }
            Applied::Ended(state) => {
                let expected = self.end(tenant, made)?;
                ensure!(state == expected, "not {expected:?}");
                Ok(true)
            }
            Applied::NotOurs | Applied::CrawlEnded => bail!("it is ours"),
        }
    }

    /// Ends a live task; its state.
    fn end(&mut self, tenant: TenantId, made: &Made) -> anyhow::Result<State> {
        let state = match &made.found {
            Found::Page { .. } => return Ok(self.end_page(tenant, made)),
            Found::NotModified => State::Unchanged,
            Found::Moved => State::Redirected,
            Found::Skipped => State::Skipped,
            Found::Failed => State::Failed,
            Found::Wait { .. } => bail!("it waits"),
        };
        let row = self.row_mut(made.claim.task).expect("live");
        row.attempts += i16::from(state == State::Failed && row.in_hand);
        row.state = state;
        self.crawl_mut(made).excluded += 1;
        Ok(state)
    }

    fn end_page(&mut self, tenant: TenantId, made: &Made) -> State {
        let fate = self.fate(tenant, made);
        let new_target = made.at() != made.task.url && fate != State::Redirected;
        let own = if new_target { State::Redirected } else { fate };
        self.row_mut(made.claim.task).expect("live").state = own;
        let crawl = self.crawl_mut(made);
        crawl.excluded += 1;
        if new_target {
            let row = Row { state: fate, fence: made.claim.fence, ..Row::new(made.task.host) };
            crawl.rows.insert(made.at().to_owned(), row);
        }
        let known = self.tenants.get_mut(&tenant).expect("a tenant of the history");
        known.used += i64::from(fate == State::Stored);
        if let (State::Stored | State::Unchanged, Some(content)) = (fate, made.content()) {
            let version = (made.task.hydrated_us, made.claim.task);
            known.documents.insert(made.at().to_owned(), Document { content, version });
        }
        own
    }

    /// Adds the links of an ended page; how many are new.
    fn link(&mut self, made: &Made) -> usize {
        let crawl = self.crawl_mut(made);
        let known = crawl.rows.len();
        for (url, host) in &made.links {
            crawl.rows.entry(url.as_str().to_owned()).or_insert_with(|| Row::new(*host));
        }
        crawl.rows.len() - known
    }

    fn crawl_mut(&mut self, made: &Made) -> &mut super::ledger::Crawl {
        self.crawls.get_mut(&made.task.job).expect("a crawl of the history")
    }
}
