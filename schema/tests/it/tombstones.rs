//! Documents that a completed crawl did not find again.

use rad_core::ids::JobId;
use rad_core::verdict::{State, Verdict};
use rad_schema::commit::{Applied, End, Outcome};

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{STORED, Task, answers, outcome, own_page, page, url};

/// What becomes of one page in a crawl.
#[derive(Clone, Copy)]
enum Fate {
    /// It has its own text.
    Has,
    /// It has this text.
    Text(&'static str),
    NotModified,
    Gone,
    Broken,
    Moved,
    Noindex,
    Sitemap,
}

fn ended(task: &Task, fate: Fate) -> Outcome {
    let failed = |verdict, evidence: &str| End::Failed { verdict, evidence: evidence.to_owned() };
    let skipped = |verdict| End::Skipped { verdict, evidence: "seen".to_owned() };
    let end = match fate {
        Fate::Has => return own_page(task),
        Fate::Text(text) => return page(task, text),
        Fate::NotModified => End::Unchanged { document: task.hydrated.document },
        Fate::Gone => failed(Verdict::Http4xx, "the server answered with status 404"),
        Fate::Broken => failed(Verdict::Http5xx, "the server answered with status 500"),
        Fate::Moved => End::Redirected { to: "http://elsewhere.test/".to_owned() },
        Fate::Noindex => skipped(Verdict::Noindex),
        Fate::Sitemap => skipped(Verdict::Sitemap),
    };
    outcome(task, end)
}

impl Crawl {
    /// A crawl that meets `/0`, `/1`, ... with these fates and ends; how many documents it removed.
    async fn pass(&mut self, fates: &[Fate]) -> anyhow::Result<usize> {
        let job = self.open(fates).await?;
        self.judge(job).await
    }

    async fn open(&mut self, fates: &[Fate]) -> anyhow::Result<JobId> {
        let job = self.start(fates.len(), None).await?;
        let paths: Vec<_> = (0..fates.len()).map(|n| format!("/{n}")).collect();
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        let tasks = self.take_of(job, &paths).await?;
        for (task, fate) in tasks.iter().zip(fates) {
            self.commit(vec![ended(task, *fate)]).await?;
        }
        Ok(job)
    }

    async fn judge(&mut self, job: JobId) -> anyhow::Result<usize> {
        self.db().finish_jobs().await?;
        let unjudged = self.db().unjudged_jobs(100).await?;
        assert_eq!(unjudged.iter().filter(|(_, of)| *of == job).count(), 1);
        let removed = self.db().judge_job(self.tenant, job).await?;
        assert_eq!(self.db().judge_job(self.tenant, job).await?, 0, "once");
        let status = self.db().job_status(self.tenant, job).await?.expect("it is there");
        assert_eq!(usize::try_from(status.removed)?, removed);
        Ok(removed)
    }

    async fn reason(&self, path: &str) -> anyhow::Result<Option<String>> {
        let found = self.db().tombstone(self.tenant, &[url(path).hash()]).await?;
        Ok(found.map(|tombstone| tombstone.removed_why))
    }
}

/// A site whose first crawl, that of the rig, is out of the way.
async fn site() -> anyhow::Result<Crawl> {
    let crawl = Crawl::with_pages(0).await?;
    crawl.db().finish_jobs().await?;
    crawl.db().judge_job(crawl.tenant, crawl.job).await?;
    Ok(crawl)
}

use Fate::{Broken, Gone, Has, Moved, Noindex, NotModified, Sitemap, Text};

#[tokio::test]
async fn a_page_that_is_gone_or_moved_twice_becomes_a_tombstone_and_gives_its_storage_back() -> Done {
    let mut crawl = site().await?;
    assert_eq!(crawl.pass(&[Has, Has, Has]).await?, 0);
    let full = crawl.db().kept_bytes(crawl.tenant).await?;
    assert_eq!(crawl.pass(&[NotModified, Gone, Moved]).await?, 0, "once may be an accident");
    assert_eq!(crawl.count("SELECT count(DISTINCT document_id) FROM chunks").await?, 3);
    assert_eq!(crawl.pass(&[NotModified, Gone, Moved]).await?, 2);
    assert_eq!(crawl.count("SELECT count(DISTINCT document_id) FROM chunks").await?, 1);
    assert_eq!(crawl.count("SELECT count(*) FROM doc_blobs").await?, 1);
    assert_eq!(crawl.reason("/0").await?, None);
    assert_eq!(crawl.reason("/1").await?.as_deref(), Some("gone"));
    assert_eq!(crawl.reason("/2").await?.as_deref(), Some("moved"));
    let left = crawl.db().kept_bytes(crawl.tenant).await?;
    assert!(left.rows == left.counted && left.counted < full.counted, "{left:?} of {full:?}");
    let told = "SELECT count(*) FROM outbox WHERE kind = 'documents_removed' AND cardinality(documents) = 2";
    assert_eq!(crawl.count(told).await?, 1);
    crawl.finish().await
}

#[tokio::test]
async fn a_page_that_is_back_after_one_crawl_stays_and_one_that_fails_otherwise_too() -> Done {
    let mut crawl = site().await?;
    crawl.pass(&[Has, Has]).await?;
    for second in [Gone, NotModified, Gone, Broken, Broken, Broken] {
        assert_eq!(crawl.pass(&[NotModified, second]).await?, 0);
    }
    crawl.finish().await
}

#[tokio::test]
async fn a_tombstone_that_comes_back_is_stored_and_billed_anew() -> Done {
    let mut crawl = site().await?;
    crawl.pass(&[Has, Has]).await?;
    crawl.pass(&[NotModified, Noindex]).await?;
    assert_eq!(crawl.reason("/1").await?.as_deref(), Some("noindex"), "that is said on purpose");
    crawl.job = crawl.start(2, None).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    assert_eq!(tasks[1].hydrated.document, None, "its validators are gone with it");
    let committed = crawl.commit(vec![own_page(&tasks[0]), own_page(&tasks[1])]).await?;
    assert_eq!(answers(&committed, &tasks), [Applied::Ended(State::Unchanged), STORED]);
    assert_eq!(crawl.reason("/1").await?, None);
    let kept = crawl.db().kept_bytes(crawl.tenant).await?;
    assert_eq!(kept.rows, kept.counted);
    assert!(crawl.db().torn_documents(crawl.tenant).await?.is_empty());
    crawl.finish().await
}

#[tokio::test]
async fn what_nothing_leads_to_is_removed_if_all_was_read_that_could_have_led_there() -> Done {
    let mut crawl = site().await?;
    crawl.pass(&[Has, Sitemap, Has]).await?;
    assert_eq!(crawl.pass(&[NotModified, Broken]).await?, 0, "the sitemap may list /2");
    crawl.pass(&[NotModified, Sitemap, NotModified]).await?;
    assert_eq!(crawl.pass(&[Broken, Sitemap]).await?, 0, "/0 may lead to /2");
    assert_eq!(crawl.pass(&[Broken, Sitemap]).await?, 0, "neither crawl could tell");
    assert_eq!(crawl.pass(&[NotModified, Sitemap]).await?, 1);
    assert_eq!(crawl.reason("/2").await?.as_deref(), Some("unlinked"));
    crawl.finish().await
}

#[tokio::test]
async fn what_another_crawl_leads_to_stays() -> Done {
    let mut crawl = site().await?;
    crawl.pass(&[Has, Has]).await?;
    // Still running when the next one ends, and it knows /1.
    let running = crawl.start(2, None).await?;
    assert_eq!(crawl.pass(&[NotModified]).await?, 0);
    crawl.db().cancel_job(crawl.tenant, running).await?;
    crawl.pass(&[NotModified, NotModified]).await?;
    assert_eq!(crawl.pass(&[NotModified]).await?, 1);
    crawl.finish().await
}

#[tokio::test]
async fn a_document_whose_content_is_found_elsewhere_moves_there() -> Done {
    let mut crawl = site().await?;
    crawl.pass(&[Text("# Same"), Has]).await?;
    assert_eq!(crawl.pass(&[Gone, NotModified, Text("# Same")]).await?, 0);
    assert_eq!(crawl.pass(&[Gone, NotModified, Text("# Same")]).await?, 0);
    let home = "SELECT count(*) FROM documents WHERE url = 'http://site.test/2' AND tombstoned_at IS NULL";
    assert_eq!(crawl.count(home).await?, 1);
    assert_eq!(crawl.count("SELECT count(*) FROM documents").await?, 2);
    assert_eq!(crawl.pass(&[Gone, NotModified, Gone]).await?, 0, "once may be an accident");
    assert_eq!(crawl.pass(&[Gone, NotModified, Gone]).await?, 1);
    crawl.finish().await
}

/// The page was taken into hand with the validators of a document that was removed before the answer came.
#[tokio::test]
async fn unchanged_is_not_believed_of_a_document_that_was_removed_meanwhile() -> Done {
    let mut crawl = site().await?;
    crawl.pass(&[Has, Has]).await?;
    let last = crawl.open(&[NotModified, Noindex]).await?;
    crawl.job = crawl.start(2, None).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    assert_eq!(crawl.judge(last).await?, 1);
    let both = tasks.iter().map(|task| ended(task, NotModified)).collect();
    let applied = answers(&crawl.commit(both).await?, &tasks);
    assert!(matches!(applied[..], [Applied::Ended(State::Unchanged), Applied::Waits { .. }]), "{applied:?}");
    let again = crawl.take(&["/1"]).await?;
    assert_eq!(again[0].hydrated.etag, None);
    crawl.commit(vec![own_page(&again[0])]).await?;
    assert_eq!(crawl.reason("/1").await?, None);
    crawl.finish().await
}
