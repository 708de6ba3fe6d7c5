//! A tenant's storage: counted by what its rows keep, never passed, and given back.

use rad_core::ids::TenantId;
use rad_core::verdict::State;
use rad_schema::commit::{Applied, Outcome};

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{STORED, Task, answers, content, own_page, page};

const PATHS: [&str; 12] = ["/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9", "/10", "/11"];

impl Crawl {
    async fn limit_storage(&mut self, bytes: Option<i64>) -> Done {
        sqlx::query("SELECT admin_change_tenant(NULL, 'acme', false, NULL, true, $1, NULL, NULL)")
            .bind(bytes)
            .execute(&mut self.owner)
            .await?;
        Ok(())
    }

    async fn stored_bytes(&mut self) -> anyhow::Result<i64> {
        self.count("SELECT coalesce(sum(bytes), 0)::bigint FROM tenant_storage").await
    }

    async fn is_parked(&self) -> anyhow::Result<bool> {
        let terms = self.db().lane_terms(&[self.lane()]).await?;
        Ok(terms[0].and_then(|terms| terms.room) == Some(0))
    }
}

/// What the page of a task takes.
fn size(outcome: &Outcome) -> i64 {
    let rad_schema::commit::End::Page(page) = &outcome.end else { panic!("a page") };
    let chunks: usize = page.chunks.iter().map(|chunk| chunk.text.len()).sum();
    i64::try_from(page.body.len() + page.markdown.len() + chunks).expect("a page is small")
}

/// Pages of one size.
fn pages(tasks: &[Task]) -> Vec<Outcome> {
    tasks.iter().enumerate().map(|(n, task)| page(task, &format!("# Page\n\nText number {n:02}."))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_at_once_never_pass_the_storage_of_a_tenant() -> Done {
    let mut crawl = Crawl::with_pages(12).await?;
    let tasks = crawl.take(&PATHS).await?;
    let batches = pages(&tasks);
    let one = batches.iter().map(size).max().expect("twelve pages");
    crawl.limit_storage(Some(5 * one + one / 2)).await?;
    let commits: Vec<_> = batches.chunks(3).map(|batch| crawl.commit_soon(batch.to_vec())).collect();
    let mut applied = Vec::new();
    for (commit, batch) in commits.into_iter().zip(tasks.chunks(3)) {
        applied.extend(answers(&commit.await??, batch));
    }
    let stored = applied.iter().filter(|one| **one == STORED).count();
    assert_eq!((stored, applied.iter().filter(|one| **one == Applied::Quota).count()), (5, 7), "{applied:?}");
    assert_eq!(crawl.count("SELECT pages FROM tenant_usage").await?, 5);
    assert!(crawl.is_parked().await?, "nothing is fetched that finds no room");
    crawl.finish().await
}

#[tokio::test]
async fn what_waits_for_storage_is_stored_when_the_limit_is_raised() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    let batch = pages(&tasks);
    crawl.limit_storage(Some(size(&batch[0]) + size(&batch[1]) - 1)).await?;
    assert_eq!(answers(&crawl.commit(batch).await?, &tasks), [STORED, Applied::Quota]);
    let evidence = "SELECT count(*) FROM crawl_urls WHERE verdict = 'quota' AND evidence LIKE '%storage%'";
    assert_eq!(crawl.count(evidence).await?, 1);
    assert!(crawl.is_parked().await?);
    crawl.limit_storage(Some(1 << 20)).await?;
    assert!(!crawl.is_parked().await?);
    let again = crawl.take(&["/1"]).await?;
    assert_eq!(answers(&crawl.commit(vec![own_page(&again[0])]).await?, &again), [STORED]);
    crawl.finish().await
}

/// Markdown that no compression makes small: about twelve bytes a word.
fn noise(words: u32) -> String {
    let words: Vec<_> = (0..words).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect();
    words.join(" ")
}

#[tokio::test]
async fn a_page_larger_than_the_whole_storage_fails_and_keeps_no_smaller_one_out() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    let links = vec![crawl.link(crawl.job, "/behind")];
    let batch = vec![Outcome { links, ..page(&tasks[0], &noise(4000)) }, own_page(&tasks[1])];
    crawl.limit_storage(Some(size(&batch[1]) + 100)).await?;
    let committed = crawl.commit(batch).await?;
    assert_eq!(answers(&committed, &tasks), [Applied::Ended(State::Failed), STORED]);
    assert_eq!(crawl.row("/0").await?, (7, Some("too_large".to_owned())));
    assert_eq!(committed.new_tasks.len(), 1, "the rest of the site may fit");
    crawl.finish().await
}

#[tokio::test]
async fn a_large_page_waits_alone_while_smaller_ones_still_fit() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let large = crawl.take(&["/0"]).await?;
    let first = crawl.take(&["/1"]).await?;
    let filler = page(&first[0], &noise(6000));
    let large_page = page(&large[0], &noise(12_000));
    crawl.limit_storage(Some(size(&filler) + size(&large_page) - 1)).await?;
    crawl.commit(vec![filler]).await?;
    let applied = answers(&crawl.commit(vec![large_page]).await?, &large);
    assert!(matches!(applied[0], Applied::Waits { .. }), "{applied:?}");
    assert!(!crawl.is_parked().await?, "there is room for others");
    assert_eq!(crawl.row("/0").await?.1.as_deref(), Some("quota"));
    crawl.finish().await
}

#[tokio::test]
async fn a_changed_page_gives_the_room_of_its_old_version_back() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let first = crawl.take(&["/0"]).await?;
    let long = format!("# Long\n\n{}", "words and more words. ".repeat(50));
    crawl.commit(vec![page(&first[0], &long)]).await?;
    let before = crawl.stored_bytes().await?;
    crawl.limit_storage(Some(before)).await?;
    let job = crawl.start(1, None).await?;
    let second = crawl.take_of(job, &["/0"]).await?;
    let short = page(&second[0], "# Short");
    let expected = size(&short);
    assert_eq!(answers(&crawl.commit(vec![short]).await?, &second), [STORED]);
    assert_eq!(crawl.stored_bytes().await?, expected);
    assert_eq!(crawl.count("SELECT count(*) FROM doc_blobs").await?, 1);
    crawl.finish().await
}

#[tokio::test]
async fn a_content_that_moves_to_another_page_keeps_its_body() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let first = crawl.take(&["/0", "/1"]).await?;
    crawl.commit(vec![page(&first[0], "# One"), page(&first[1], "# Two")]).await?;
    let job = crawl.start(2, None).await?;
    let second = crawl.take_of(job, &["/0", "/1"]).await?;
    let swapped = vec![page(&second[0], "# Three"), page(&second[1], "# One")];
    crawl.commit(swapped).await?;
    assert_eq!(crawl.count("SELECT count(*) FROM doc_blobs").await?, 2);
    crawl.finish().await
}

#[tokio::test]
async fn the_functions_say_which_limit_refuses_and_add_nothing_then() -> Done {
    let mut crawl = Crawl::limited(1, None, Some(10)).await?;
    crawl.limit_storage(Some(1000)).await?;
    for (pages, bytes, answer) in [
        (4, 600, None),
        (7, 100, Some("monthly_pages")),
        (1, 401, Some("storage_bytes")),
        (0, -200, None),
        (6, 600, None),
        (1, 0, Some("monthly_pages")),
    ] {
        let refused: Option<String> =
            sqlx::query_scalar("SELECT refused FROM record_tenant_usage($1, $2, $3)")
                .bind(crawl.tenant.0)
                .bind(i64::from(pages))
                .bind(i64::from(bytes))
                .fetch_one(&mut crawl.owner)
                .await?;
        assert_eq!(refused.as_deref(), answer, "{pages} pages, {bytes} bytes");
    }
    let limits = crawl.db().tenant_limits(crawl.tenant).await?;
    let seen: Vec<_> =
        limits.iter().map(|row| (row.limit.as_str(), row.used, row.left, row.reached)).collect();
    assert_eq!(
        seen,
        [
            ("monthly_pages", Some(10), Some(0), true),
            ("monthly_tokens", Some(0), None, false),
            ("storage_bytes", Some(1000), Some(0), true),
            ("max_crawlers", None, None, false)
        ]
    );
    assert_eq!(crawl.db().tenant_limits(TenantId(crawl.tenant.0 + 1)).await?, []);
    crawl.store.remove().await
}

#[tokio::test]
async fn an_unchanged_document_costs_nothing() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let first = crawl.take(&["/0"]).await?;
    crawl.commit(vec![own_page(&first[0])]).await?;
    let before = crawl.stored_bytes().await?;
    let job = crawl.start(1, None).await?;
    let second = crawl.take_of(job, &["/0"]).await?;
    crawl.limit_storage(Some(before)).await?;
    let mut same = own_page(&second[0]);
    if let rad_schema::commit::End::Page(page) = &mut same.end {
        // Another build would make other Markdown of the same body; the stored version stays.
        page.markdown = content(&crate::page::url("/0"), "# Much longer Markdown of another build").markdown;
    }
    crawl.commit(vec![same]).await?;
    assert_eq!(crawl.stored_bytes().await?, before);
    crawl.finish().await
}
