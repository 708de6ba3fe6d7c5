//! Contents that stand twice, and documents whose content changes.

use std::collections::BTreeMap;

use rad_core::verdict::State;
use rad_schema::commit::Applied;

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{STORED, answers, own_page, page};

const DUPLICATE: Applied = Applied::Ended(State::Duplicate);

/// Text and physical version of each chunk.
async fn chunks(crawl: &mut Crawl) -> anyhow::Result<BTreeMap<String, (String, String)>> {
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT trim(text, E' \\n'), ctid::text, xmin::text FROM chunks")
            .fetch_all(&mut crawl.owner)
            .await?;
    Ok(rows.into_iter().map(|(text, ctid, xmin)| (text, (ctid, xmin))).collect())
}

#[tokio::test]
async fn one_content_in_a_batch_is_stored_once() -> Done {
    let mut crawl = Crawl::with_pages(4).await?;
    let tasks = crawl.take(&["/0", "/1", "/2", "/3"]).await?;
    let mut batch: Vec<_> = tasks[..3].iter().map(|task| page(task, "# Same")).collect();
    batch.push(own_page(&tasks[3]));
    let mut applied = answers(&crawl.commit(batch).await?, &tasks);
    assert_eq!(applied.pop(), Some(STORED));
    assert_eq!(applied.iter().filter(|one| **one == STORED).count(), 1);
    assert_eq!(applied.iter().filter(|one| **one == DUPLICATE).count(), 2);
    assert_eq!(crawl.count("SELECT count(*) FROM documents").await?, 2);
    let pointers = "SELECT count(*) FROM crawl_urls u JOIN documents d USING (tenant_id, document_id)
                    WHERE u.state = 3 AND u.evidence = d.url";
    assert_eq!(crawl.count(pointers).await?, 2);
    crawl.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_content_in_two_commits_at_once_is_stored_once() -> Done {
    let mut crawl = Crawl::with_pages(16).await?;
    for round in 0..8 {
        let paths = [format!("/{}", 2 * round), format!("/{}", 2 * round + 1)];
        let tasks = crawl.take(&[&paths[0], &paths[1]]).await?;
        let text = format!("# Round {round}");
        let commits = [0, 1].map(|at| crawl.commit_soon(vec![page(&tasks[at], &text)]));
        let mut applied = Vec::new();
        for (commit, task) in commits.into_iter().zip(tasks.chunks(1)) {
            applied.extend(answers(&commit.await??, task));
        }
        assert!(applied.contains(&STORED) && applied.contains(&DUPLICATE), "{applied:?}");
    }
    crawl.finish().await
}

#[tokio::test]
async fn the_newer_version_of_a_document_wins_whichever_commits_first() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    for newer_first in [true, false] {
        let (first, second) = (crawl.start(1, None).await?, crawl.start(1, None).await?);
        let old = crawl.take_of(first, &["/0"]).await?;
        let new = crawl.take_of(second, &["/0"]).await?;
        assert!(old[0].hydrated.hydrated_us < new[0].hydrated.hydrated_us);
        let old_page = || page(&old[0], &format!("# Old {newer_first}"));
        let new_page = || page(&new[0], &format!("# New {newer_first}"));
        if newer_first {
            assert_eq!(answers(&crawl.commit(vec![new_page()]).await?, &new), [STORED]);
            let late = answers(&crawl.commit(vec![old_page()]).await?, &old);
            assert_eq!(late, [Applied::Ended(State::Superseded)]);
        } else {
            assert_eq!(answers(&crawl.commit(vec![old_page()]).await?, &old), [STORED]);
            assert_eq!(answers(&crawl.commit(vec![new_page()]).await?, &new), [STORED]);
        }
        assert_eq!(
            chunks(&mut crawl).await?.into_keys().collect::<Vec<_>>(),
            [format!("# New {newer_first}")]
        );
    }
    crawl.finish().await
}

#[tokio::test]
async fn two_versions_of_a_document_in_one_batch_end_with_the_newer() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let second = crawl.start(1, None).await?;
    let mut tasks = crawl.take(&["/0"]).await?;
    tasks.extend(crawl.take_of(second, &["/0"]).await?);
    let batch = vec![page(&tasks[1], "# New"), page(&tasks[0], "# Old")];
    let applied = answers(&crawl.commit(batch).await?, &tasks);
    assert_eq!(applied, [Applied::Ended(State::Superseded), STORED]);
    assert_eq!(chunks(&mut crawl).await?.into_keys().collect::<Vec<_>>(), ["# New"]);
    crawl.finish().await
}

#[tokio::test]
async fn a_changed_page_touches_only_the_chunks_that_differ() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    crawl.commit(vec![page(&tasks[0], "# A\n\nKept.\n\n# B\n\nGoes.\n\n# C\n\nMoves.")]).await?;
    let before = chunks(&mut crawl).await?;
    assert_eq!(before.len(), 3);
    let second = crawl.start(1, None).await?;
    let tasks = crawl.take_of(second, &["/0"]).await?;
    let committed =
        crawl.commit(vec![page(&tasks[0], "# A\n\nKept.\n\n# X\n\nIs new here.\n\n# C\n\nMoves.")]).await?;
    assert_eq!(answers(&committed, &tasks), [STORED]);
    let after = chunks(&mut crawl).await?;
    assert_eq!(after.keys().collect::<Vec<_>>(), ["# A\n\nKept.", "# C\n\nMoves.", "# X\n\nIs new here."]);
    assert_eq!(
        after["# A\n\nKept."], before["# A\n\nKept."],
        "a chunk that did not move keeps its row version"
    );
    assert_ne!(after["# C\n\nMoves."], before["# C\n\nMoves."]);
    assert_eq!(crawl.count("SELECT count(*) FROM documents").await?, 1);
    crawl.finish().await
}

#[tokio::test]
async fn an_unchanged_page_is_not_billed_and_its_chunks_stay() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    crawl.commit(vec![page(&tasks[0], "# Same")]).await?;
    let before = chunks(&mut crawl).await?;
    let second = crawl.start(1, None).await?;
    let tasks = crawl.take_of(second, &["/0"]).await?;
    assert_eq!(tasks[0].hydrated.etag.as_deref(), Some("\"1\""), "the validators come with the task");
    let committed = crawl.commit(vec![page(&tasks[0], "# Same")]).await?;
    assert_eq!(answers(&committed, &tasks), [Applied::Ended(State::Unchanged)]);
    assert_eq!(chunks(&mut crawl).await?, before);
    assert_eq!(crawl.count("SELECT pages FROM tenant_usage").await?, 1);
    assert_eq!(crawl.count("SELECT count(*) FROM outbox").await?, 1);
    crawl.finish().await
}

#[tokio::test]
async fn two_pages_that_swap_their_contents_come_to_an_end() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    crawl.commit(vec![page(&tasks[0], "# One"), page(&tasks[1], "# Two")]).await?;
    let second = crawl.start(2, None).await?;
    let tasks = crawl.take_of(second, &["/0", "/1"]).await?;
    let committed = crawl.commit(vec![page(&tasks[0], "# Two"), page(&tasks[1], "# One")]).await?;
    assert_eq!(answers(&committed, &tasks), [DUPLICATE; 2], "each has the content of the other's document");
    assert_eq!(crawl.count("SELECT count(DISTINCT content_hash) FROM documents").await?, 2);
    crawl.finish().await
}

#[tokio::test]
async fn a_content_that_its_document_gives_up_in_the_same_batch_is_free() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0"]).await?;
    crawl.commit(vec![page(&tasks[0], "# One")]).await?;
    let second = crawl.start(2, None).await?;
    let tasks = crawl.take_of(second, &["/0", "/1"]).await?;
    let committed = crawl.commit(vec![page(&tasks[0], "# Two"), page(&tasks[1], "# One")]).await?;
    assert_eq!(answers(&committed, &tasks), [STORED; 2]);
    crawl.finish().await
}
