//! What people do: start, pause, cancel and retry crawls, raise limits; and what the fleet learns of hosts.

use std::time::Duration;

use anyhow::ensure;
use rad_core::ids::JobId;
use rad_core::scope::Scope;
use rad_core::verdict::State;
use rad_schema::dead_letters::Retried;
use rad_schema::hosts::{Keep, RobotsCopy};
use rad_schema::jobs::NewJob;
use rad_schema::window::HostTerms;

use super::ledger::{Crawl, Row};
use super::sabotage::Sabotage;
use super::world::History;
use crate::Done;
use crate::crawl::TRACE;

/// More would make the end of a history long.
const MOST_CRAWLS: usize = 4;

impl History {
    pub(super) async fn people(&mut self) -> Done {
        match self.dice.roll(12) {
            0 | 1 => self.start_crawl().await,
            2 => self.cancel().await,
            3 | 4 => self.pause_or_resume().await,
            5 | 6 => self.retry().await,
            7 => self.raise_limits().await,
            8 => self.change_cap().await,
            9 => self.learn_host().await,
            10 => self.forget_url().await,
            _ => self.finish().await,
        }
    }

    fn any_crawl(&mut self) -> JobId {
        let at = self.dice.one_of(self.ledger.crawls.len());
        *self.ledger.crawls.keys().nth(at).expect("a number below their count")
    }

    pub(super) async fn start_crawl(&mut self) -> Done {
        if self.ledger.crawls.len() >= MOST_CRAWLS {
            return Ok(());
        }
        let (tenant, (start, host)) = (self.any_tenant(), self.any_url());
        let new = NewJob {
            start: start.clone(),
            scope: Scope::default(),
            priority: i16::try_from(1 + self.dice.roll(10))?,
            max_pages: self.chance(3).then(|| 1 + self.dice.number(4)),
            idempotency_key: Some(format!("{}", self.ledger.crawls.len())),
            trace_id: TRACE.to_owned(),
        };
        self.dirty = true;
        let started = self.stores.store.db.start_job(tenant, host, &new).await?;
        ensure!(started.new, "{started:?}");
        if self.loses(4) {
            self.tally.add("answers lost: start");
            let again = self.stores.store.db.start_job(tenant, host, &new).await?;
            ensure!(again.job == started.job && !again.new && again.same_request, "{again:?}");
        }
        self.tally.add("crawls");
        let rows = [(start.as_str().to_owned(), Row::new(host))].into();
        let crawl = Crawl { tenant, state: "running", max_pages: new.max_pages, rows, excluded: 0 };
        self.ledger.crawls.insert(started.job, crawl);
        // The API feeds its lane, or dies before.
        if self.chance(4) { Ok(()) } else { self.reconcile(true).await }
    }

    async fn cancel(&mut self) -> Done {
        let job = self.any_crawl();
        if !self.chance(4) {
            return Ok(());
        }
        let crawl = self.ledger.crawls.get_mut(&job).expect("a crawl of the history");
        let tenant = crawl.tenant;
        let expected = crawl.takes_effects();
        if expected {
            crawl.state = "cancelled";
            self.tally.add("cancelled");
        }
        self.dirty = true;
        for expected in [expected, false] {
            ensure!(self.stores.store.db.cancel_job(tenant, job).await? == expected, "cancelling {job}");
        }
        Ok(())
    }

    async fn pause_or_resume(&mut self) -> Done {
        let job = self.any_crawl();
        let crawl = self.ledger.crawls.get_mut(&job).expect("a crawl of the history");
        crawl.state = match crawl.state {
            "running" => "paused",
            "paused" => "running",
            _ => return Ok(()),
        };
        self.tally.add("pauses and resumes");
        let paused = i64::from(crawl.state == "paused");
        let sql =
            "UPDATE jobs SET state = CASE WHEN $2 = 1 THEN 'paused' ELSE 'running' END WHERE job_id = $1";
        self.sql(sql, job.0, Some(paused)).await
    }

    async fn retry(&mut self) -> Done {
        let job = self.any_crawl();
        self.retry_of(job).await
    }

    pub(super) async fn retry_of(&mut self, job: JobId) -> Done {
        let crawl = &self.ledger.crawls[&job];
        let (tenant, cancelled) = (crawl.tenant, crawl.state == "cancelled");
        self.dirty = true;
        let retried = self.stores.store.db.retry_failed(tenant, job, None).await?;
        if cancelled {
            ensure!(retried == Retried::Cancelled, "{retried:?}");
            return Ok(());
        }
        let expected = self.ledger.retry(job);
        self.tally.add_many("retried", usize::try_from(expected)?);
        let Retried::Reopened { urls, .. } = retried else { anyhow::bail!("{retried:?}") };
        ensure!(urls == expected, "{urls} opened again, not {expected}");
        if self.loses(3) {
            self.tally.add("answers lost: retry");
            let again = self.stores.store.db.retry_failed(tenant, job, None).await?;
            ensure!(again == Retried::Reopened { urls: 0, lanes: Vec::new() }, "{again:?}");
        }
        Ok(())
    }

    async fn raise_limits(&mut self) -> Done {
        let id = self.any_tenant();
        let more = 1 + self.dice.number(4);
        let tenant = self.ledger.tenants.get_mut(&id).expect("a tenant of the history");
        tenant.monthly = tenant.monthly.map(|most| most + more);
        tenant.storage = tenant.storage.map(|most| most + 500 * more);
        let (monthly, storage) = (tenant.monthly, tenant.storage);
        self.tally.add("limits raised");
        self.sql("UPDATE tenants SET monthly_pages = $2 WHERE tenant_id = $1", id.0, monthly).await?;
        self.sql("UPDATE tenants SET storage_bytes = $2 WHERE tenant_id = $1", id.0, storage).await
    }

    async fn change_cap(&mut self) -> Done {
        let id = self.any_tenant();
        let cap = 1 + self.dice.number(4);
        self.sql("UPDATE tenants SET max_crawlers = $2 WHERE tenant_id = $1", id.0, Some(cap)).await
    }

    /// Its robots.txt was read: it takes several requests at once, or one at a time with a rest.
    async fn learn_host(&mut self) -> Done {
        let host = self.hosts[self.dice.one_of(self.hosts.len())];
        let (delay, max_concurrency) = if self.chance(2) { (4, 1) } else { (self.dice.roll(3), 3) };
        let terms = HostTerms { delay: Duration::from_millis(delay), max_concurrency };
        self.tally.add("hosts learnt");
        self.ledger.robots.insert(host, terms);
        let keep = Keep { told: Duration::from_hours(1), retained: Duration::from_hours(1) };
        self.stores.store.db.store_robots(host, &RobotsCopy::AllowAll, keep, terms).await?;
        Ok(())
    }

    async fn forget_url(&mut self) -> Done {
        let waits = self
            .ledger
            .places
            .keys()
            .find(|task| self.ledger.row(**task).is_some_and(|row| row.state == State::Open));
        if let Some(task) = waits.copied().filter(|_| self.is_sabotaged(Sabotage::ForgottenUrl)) {
            self.sql("DELETE FROM crawl_urls WHERE task_id = $1 AND $2::bigint IS NULL", task.0, None)
                .await?;
        }
        Ok(())
    }

    /// The leader ends what has nothing open, or is full.
    pub(super) async fn finish(&mut self) -> Done {
        self.dirty = true;
        let finished = self.stores.store.db.finish_jobs().await?;
        let expected = self.ledger.finish();
        let finished: std::collections::BTreeSet<_> = finished.into_iter().map(|(_, job)| job).collect();
        ensure!(finished == expected, "{finished:?} finished, not {expected:?}");
        self.tally.add_many("crawls ended", finished.len());
        Ok(())
    }

    /// Faults and limits stop.
    pub(super) async fn lift_limits(&mut self) -> Done {
        let ids: Vec<_> = self.ledger.tenants.keys().copied().collect();
        for id in ids {
            let tenant = self.ledger.tenants.get_mut(&id).expect("a tenant of the history");
            (tenant.monthly, tenant.storage) = (None, None);
            self.sql("UPDATE tenants SET monthly_pages = $2 WHERE tenant_id = $1", id.0, None).await?;
            self.sql("UPDATE tenants SET storage_bytes = $2 WHERE tenant_id = $1", id.0, None).await?;
        }
        let paused = self.ledger.crawls.iter_mut().filter(|(_, crawl)| crawl.state == "paused");
        let jobs: Vec<_> = paused.map(|(job, crawl)| (*job, crawl.state = "running").0).collect();
        for job in jobs {
            let sql = "UPDATE jobs SET state = 'running' WHERE job_id = $1 AND $2::bigint IS NULL";
            self.sql(sql, job.0, None).await?;
        }
        Ok(())
    }
}
