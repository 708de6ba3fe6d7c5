//! What a new version of a document tells of its chunks: exactly those that came and went.

use std::collections::BTreeSet;

use rad_core::chunk::{ChunkLimits, chunk};
use rad_core::verdict::State;
use rad_schema::commit::{Applied, ChunkDelta};
use uuid::Uuid;

use crate::Done;
use crate::crawl::Crawl;
use crate::dice::Dice;
use crate::page::{STORED, answers, page};

type Ids = BTreeSet<Uuid>;

fn ids(markdown: &str) -> Ids {
    let chunks = chunk(markdown, &ChunkLimits::default());
    chunks.iter().map(|chunk| Uuid::from_u128(chunk.id.0)).collect()
}

/// A paragraph is changed, taken out, put in, or moved, at random.
fn edit(markdown: &str, dice: &mut Dice, round: usize) -> String {
    let mut parts: Vec<_> = markdown.split("\n\n").map(str::to_owned).collect();
    let at = dice.one_of(parts.len());
    match dice.roll(4) {
        0 => parts[at] = format!("{} Changed in round {round}.", parts[at]),
        1 => parts.insert(at, format!("Written in round {round}.")),
        2 if parts.len() > 1 => drop(parts.remove(at)),
        _ => {
            let moved = parts.remove(at);
            parts.insert(dice.one_of(parts.len() + 1), moved);
        }
    }
    parts.join("\n\n")
}

/// The chunks that the last event tells of.
async fn told(crawl: &mut Crawl) -> anyhow::Result<(Vec<Uuid>, Vec<Uuid>)> {
    let sql = "SELECT added, removed FROM outbox o JOIN documents d
               ON o.documents = ARRAY[d.document_id] AND d.document_id = ALL (o.added_to || o.removed_from)
               ORDER BY outbox_id DESC LIMIT 1";
    Ok(sqlx::query_as(sql).fetch_one(&mut crawl.owner).await?)
}

fn set(of: Vec<Uuid>) -> Ids {
    let (count, set) = (of.len(), of.into_iter().collect::<Ids>());
    assert_eq!(set.len(), count, "each once");
    set
}

fn count(of: usize) -> u64 {
    of as u64
}

#[tokio::test]
async fn random_edits_of_a_real_page_tell_exactly_the_chunks_that_came_and_went() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let mut dice = Dice(20_261_121);
    let mut text = include_str!("../../../docs/tasks.md").to_owned();
    let mut before = Ids::new();
    // Marks which rows are the old ones, which no statement of the product can see.
    sqlx::query("ALTER TABLE chunks ADD COLUMN marked boolean").execute(&mut crawl.owner).await?;
    for round in 0..30 {
        let job = crawl.start(1, None).await?;
        let tasks = crawl.take_of(job, &["/0"]).await?;
        let committed = crawl.commit(vec![page(&tasks[0], &text)]).await?;
        assert_eq!(answers(&committed, &tasks), [STORED]);
        let after = ids(&text);
        let kept: Ids = before.intersection(&after).copied().collect();
        let expected = ChunkDelta {
            added: count(after.len() - kept.len()),
            kept: count(kept.len()),
            removed: count(before.len() - kept.len()),
        };
        assert_eq!(committed.chunks, expected, "round {round}");
        let (added, removed) = told(&mut crawl).await?;
        assert_eq!(set(added), after.difference(&before).copied().collect::<Ids>(), "round {round}");
        assert_eq!(set(removed), before.difference(&after).copied().collect::<Ids>(), "round {round}");
        let marked = sqlx::query_scalar("SELECT chunk_id FROM chunks WHERE marked");
        assert_eq!(set(marked.fetch_all(&mut crawl.owner).await?), kept, "rows that stay are the same rows");
        let rows = sqlx::query_scalar("UPDATE chunks SET marked = true RETURNING chunk_id");
        assert_eq!(set(rows.fetch_all(&mut crawl.owner).await?), after);
        before = after;
        let last = text.clone();
        while text == last {
            text = edit(&last, &mut dice, round);
        }
    }
    crawl.finish().await
}

#[tokio::test]
async fn a_page_that_only_looks_changed_tells_no_chunk_and_an_unchanged_one_tells_nothing() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let text = "# A\n\nText.\n\n# B\n\nText.";
    for (body, state) in [("1", State::Stored), ("2", State::Stored), ("2", State::Unchanged)] {
        let job = crawl.start(1, None).await?;
        let tasks = crawl.take_of(job, &["/0"]).await?;
        let mut outcome = page(&tasks[0], text);
        if let rad_schema::commit::End::Page(page) = &mut outcome.end {
            page.content_hash = rad_core::ids::Hash128::of(body.as_bytes());
        }
        assert_eq!(answers(&crawl.commit(vec![outcome]).await?, &tasks), [Applied::Ended(state)]);
    }
    let told: Vec<(i32, i32)> =
        sqlx::query_as("SELECT cardinality(added), cardinality(removed) FROM outbox ORDER BY outbox_id")
            .fetch_all(&mut crawl.owner)
            .await?;
    assert_eq!(told, [(2, 0), (0, 0)]);
    crawl.finish().await
}

#[tokio::test]
async fn chunks_of_several_documents_are_told_apart() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    let pages = vec![page(&tasks[0], "# Same\n\nText.\n\n# X"), page(&tasks[1], "# Same\n\nText.\n\n# Y")];
    crawl.commit(pages).await?;
    let known =
        "SELECT count(*) FROM outbox o CROSS JOIN unnest(o.added_to, o.added) AS a(document_id, chunk_id)
                 JOIN chunks c USING (document_id, chunk_id)";
    assert_eq!(crawl.count(known).await?, 4);
    let job = crawl.start(2, None).await?;
    let tasks = crawl.take_of(job, &["/0", "/1"]).await?;
    let committed = crawl.commit(vec![page(&tasks[0], "# X"), page(&tasks[1], "# Same\n\nText.")]).await?;
    assert_eq!(committed.chunks, ChunkDelta { added: 0, kept: 2, removed: 2 });
    let gone = "SELECT count(DISTINCT g.document_id) FROM outbox o
                CROSS JOIN unnest(o.removed_from, o.removed) AS g(document_id, chunk_id)";
    assert_eq!(crawl.count(gone).await?, 2);
    crawl.finish().await
}
