//! What a commit stores, once.

use anyhow::Context as _;
use rad_core::verdict::{State, Verdict};
use rad_schema::commit::{Applied, ChunkDelta, End, Excluded, Outcome};
use rad_schema::documents::{decompress, links_of};

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{STORED, answers, content, outcome, own_page, page, url};
use crate::snapshot::everything;

#[tokio::test]
async fn a_stored_page_has_document_body_chunks_counters_usage_and_outbox() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0"]).await?;
    let text = "# Top\n\nFirst words.\n\n# Next\n\nSecond words.";
    let links = vec![crawl.link(crawl.job, "/new"), crawl.link(crawl.job, "/1")];
    let samples = vec!["http://other.test/".to_owned()];
    let excluded = Excluded { host: 3, path: 2, depth: 1, pattern: 5, trap: 4, samples };
    let committed = crawl.commit(vec![Outcome { links, excluded, ..page(&tasks[0], text) }]).await?;
    assert_eq!(answers(&committed, &tasks), [STORED]);
    assert_eq!(committed.chunks, ChunkDelta { added: 2, kept: 0, removed: 0 });
    assert!(!committed.finished);
    assert_eq!(committed.new_tasks.len(), 1, "one of the two links was known");
    assert_eq!(committed.new_tasks[0].task, crawl.task(crawl.job, "/new").await?);

    let status = crawl.status().await?;
    assert_eq!((status.discovered, status.stored, status.chunks, status.open()), (4, 1, 2, 2));
    assert_eq!((status.excluded_host, status.excluded_path, status.excluded_depth), (3, 2, 1));
    assert_eq!((status.excluded_pattern, status.excluded_trap), (5, 4));
    let (markdown, body, size): (Vec<u8>, Vec<u8>, i64) = sqlx::query_as(
        "SELECT d.markdown, b.body, b.raw_bytes FROM documents d JOIN doc_blobs b USING (tenant_id, content_hash)",
    )
    .fetch_one(&mut crawl.owner)
    .await?;
    assert_eq!((decompress(&markdown)?, decompress(&body)?), (text.into(), text.into()));
    assert_eq!(size, i64::try_from(text.len())?);
    let texts: Vec<String> =
        sqlx::query_scalar("SELECT text FROM chunks ORDER BY ordinal").fetch_all(&mut crawl.owner).await?;
    assert_eq!(
        texts.iter().map(|text| text.trim()).collect::<Vec<_>>(),
        ["# Top\n\nFirst words.", "# Next\n\nSecond words."]
    );
    let billed = crawl.count("SELECT stored_bytes FROM tenant_usage WHERE pages = 1").await?;
    let kept = markdown.len() + body.len() + texts.iter().map(String::len).sum::<usize>();
    assert_eq!(billed, i64::try_from(kept)?);
    let told = crawl.count(
        "SELECT count(*) FROM outbox o JOIN documents d ON o.documents = ARRAY[d.document_id] AND o.kind = 'documents_changed'",
    );
    assert_eq!(told.await?, 1);
    let again = crawl.start(1, None).await?;
    let again = crawl.take_of(again, &["/0"]).await?.remove(0).hydrated;
    assert_eq!(links_of(&again.outlinks.context("there are validators")?).len(), 2);
    crawl.finish().await
}

#[tokio::test]
async fn every_end_has_its_state_and_verdict() -> Done {
    let mut crawl = Crawl::with_pages(5).await?;
    let tasks = crawl.take(&["/0", "/1", "/2", "/3", "/4"]).await?;
    let evidence = || "seen".to_owned();
    let wait = std::time::Duration::from_mins(1);
    let ends = [
        End::Unchanged { document: None },
        End::Redirected { to: "http://other.test/".to_owned() },
        End::Skipped { verdict: Verdict::Robots, evidence: evidence() },
        End::Failed { verdict: Verdict::Http4xx, evidence: evidence() },
        End::Wait { verdict: Verdict::Retry, evidence: evidence(), wait, failed: true },
    ];
    let outcomes = tasks.iter().zip(ends).map(|(task, end)| outcome(task, end)).collect();
    let committed = crawl.commit(outcomes).await?;
    let applied = answers(&committed, &tasks);
    let ended = [State::Unchanged, State::Redirected, State::Skipped, State::Failed].map(Applied::Ended);
    assert_eq!(applied[..4], ended);
    let Applied::Waits { rank } = applied[4] else { panic!("{:?}", applied[4]) };
    assert_eq!(crawl.row("/2").await?, (6, Some("robots".to_owned())));
    assert_eq!(crawl.row("/4").await?, (0, Some("retry".to_owned())));
    let due_in =
        sqlx::query_scalar::<_, i64>("SELECT $1 - (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            .bind(rank)
            .fetch_one(&mut crawl.owner)
            .await?;
    assert!((30_000_000..=60_000_000).contains(&due_in), "{due_in} us");
    assert_eq!(crawl.count("SELECT attempts::bigint FROM crawl_urls WHERE verdict = 'retry'").await?, 1);
    assert_eq!(crawl.count("SELECT count(*) FROM usage_events").await?, 0, "nothing was stored");
    let reasons = crawl.db().job_reasons(crawl.tenant, crawl.job).await?;
    let reasons: Vec<_> = reasons.iter().map(|one| (one.state, one.verdict.as_str(), one.count)).collect();
    assert_eq!(reasons, [(7, "http_4xx", 1), (6, "noindex", 1), (6, "robots", 1)]);
    crawl.finish().await
}

#[tokio::test]
async fn the_last_end_says_that_the_crawl_can_be_finished() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    assert!(!crawl.commit(vec![own_page(&tasks[0])]).await?.finished);
    assert_eq!(crawl.db().finish_jobs().await?, []);
    assert!(crawl.commit(vec![own_page(&tasks[1])]).await?.finished);
    assert_eq!(crawl.db().finish_jobs().await?, [(crawl.tenant, crawl.job)]);
    let status = crawl.status().await?;
    assert_eq!((status.state.as_str(), status.end_reason.as_deref()), ("completed", Some("exhausted")));
    crawl.finish().await
}

#[tokio::test]
async fn a_redirect_on_the_host_gives_a_new_target_its_row_and_document() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    let mut there = content(&url("/target"), "# Target");
    there.redirect_target = Some(crawl.link(crawl.job, "/target"));
    let committed = crawl.commit(vec![outcome(&tasks[0], End::Page(Box::new(there)))]).await?;
    assert_eq!(answers(&committed, &tasks), [Applied::Ended(State::Redirected)]);
    assert_eq!(committed.new_tasks, [], "the target is done already");
    assert_eq!(crawl.row("/0").await?.0, 4);
    assert_eq!(crawl.row("/target").await?.0, 1);
    assert_eq!(crawl.count("SELECT count(*) FROM documents WHERE url LIKE '%/target'").await?, 1);
    crawl.finish().await
}

#[tokio::test]
async fn a_redirect_to_a_known_url_only_ends_itself() -> Done {
    let mut crawl = Crawl::with_pages(3).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    let redirect = |to: &str, crawl: &Crawl| {
        let mut there = content(&url(to), "# Target");
        there.redirect_target = Some(crawl.link(crawl.job, to));
        End::Page(Box::new(there))
    };
    let known = outcome(&tasks[0], redirect("/2", &crawl));
    assert_eq!(answers(&crawl.commit(vec![known]).await?, &tasks[..1]), [Applied::Ended(State::Redirected)]);
    assert_eq!(crawl.row("/2").await?.0, 0, "its own task stores the page");
    assert_eq!(crawl.count("SELECT count(*) FROM documents").await?, 0);
    let mut both = tasks[1..].to_vec();
    both.extend(crawl.take(&["/2"]).await?);
    let new = both.iter().map(|task| outcome(task, redirect("/new", &crawl))).collect();
    assert_eq!(answers(&crawl.commit(new).await?, &both), [Applied::Ended(State::Redirected); 2]);
    assert_eq!(crawl.count("SELECT count(*) FROM crawl_urls WHERE state = 1").await?, 1);
    crawl.finish().await
}

#[tokio::test]
async fn a_commit_of_nothing_changes_nothing() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let before = everything(&mut crawl.owner).await?;
    let committed = crawl.commit(Vec::new()).await?;
    assert!(committed.applied.is_empty());
    assert_eq!(everything(&mut crawl.owner).await?, before);
    crawl.finish().await
}
