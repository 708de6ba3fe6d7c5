//! Documents whose texts are nearly the same, and what pages say about themselves.

use rad_core::ids::DocumentId;
use rad_core::likeness::NEAR;
use rad_schema::tenants;

use crate::Done;
use crate::crawl::Crawl;
use crate::page::page;

const TEXT: &str = include_str!("../../../docs/deploy.md");

async fn document(crawl: &mut Crawl, path: &str) -> anyhow::Result<DocumentId> {
    let id = sqlx::query_scalar("SELECT document_id FROM documents WHERE url = 'http://site.test' || $1");
    Ok(DocumentId(id.bind(path.to_owned()).fetch_one(&mut crawl.owner).await?))
}

async fn near(crawl: &mut Crawl, path: &str) -> anyhow::Result<Vec<String>> {
    let document = document(crawl, path).await?;
    let near = crawl.db().near_duplicates(crawl.tenant, document, 10).await?;
    assert!(near.is_sorted_by_key(|near| near.distance));
    assert!(near.iter().all(|near| (0..=i64::from(NEAR)).contains(&i64::from(near.distance))));
    let mut urls: Vec<_> = near.into_iter().map(|near| near.url.replace("http://site.test", "")).collect();
    urls.sort();
    Ok(urls)
}

#[tokio::test]
async fn near_duplicates_of_a_document_are_found_whichever_band_agrees() -> Done {
    let mut crawl = Crawl::with_pages(6).await?;
    let tasks = crawl.take(&["/0", "/1", "/2", "/3", "/4", "/5"]).await?;
    let other = include_str!("../../../docs/tasks.md");
    let batch = vec![
        page(&tasks[0], TEXT),
        page(&tasks[1], &format!("{TEXT}\nPrinted on Monday.")),
        page(&tasks[2], &TEXT.replacen("Three ways are prepared", "Two ways are there", 1)),
        page(&tasks[3], other),
        page(&tasks[4], "Too short to tell."),
        page(&tasks[5], "Too short to tell, too."),
    ];
    crawl.commit(batch).await?;
    assert_eq!(near(&mut crawl, "/0").await?, ["/1", "/2"]);
    assert_eq!(near(&mut crawl, "/2").await?, ["/0", "/1"]);
    assert!(near(&mut crawl, "/3").await?.is_empty());
    assert!(near(&mut crawl, "/4").await?.is_empty(), "short texts are like nothing");
    // Each single band that agrees is enough: three bits in the three others differ.
    let mine = document(&mut crawl, "/0").await?;
    for band in 0..4 {
        let bits: i64 = (0..4).filter(|other| *other != band).map(|other| 1_i64 << (16 * other + 5)).sum();
        sqlx::query(
            "UPDATE documents d SET likeness = m.likeness # $1 FROM documents m
                     WHERE m.document_id = $2 AND d.url = 'http://site.test/1'",
        )
        .bind(bits)
        .bind(mine.0)
        .execute(&mut crawl.owner)
        .await?;
        assert_eq!(near(&mut crawl, "/0").await?, ["/1", "/2"], "band {band}");
    }
    let (stranger, _) = tenants::create(&crawl.store.owner_url, "other", None).await?;
    assert!(crawl.db().near_duplicates(stranger, mine, 10).await?.is_empty());
    crawl.finish().await
}

#[tokio::test]
async fn a_document_that_changes_is_like_its_new_text() -> Done {
    let mut crawl = Crawl::with_pages(2).await?;
    let tasks = crawl.take(&["/0", "/1"]).await?;
    crawl.commit(vec![page(&tasks[0], TEXT), page(&tasks[1], &format!("{TEXT}\nPrinted."))]).await?;
    assert_eq!(near(&mut crawl, "/0").await?, ["/1"]);
    let job = crawl.start(1, None).await?;
    let tasks = crawl.take_of(job, &["/0"]).await?;
    crawl.commit(vec![page(&tasks[0], include_str!("../../../docs/tasks.md"))]).await?;
    assert!(near(&mut crawl, "/0").await?.is_empty());
    let mine = document(&mut crawl, "/0").await?;
    let stored = crawl.db().document(crawl.tenant, mine).await?;
    assert_eq!(stored.unwrap().metadata, serde_json::json!({"author": "A. Uthor"}));
    crawl.finish().await
}
