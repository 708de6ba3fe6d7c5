//! Data that Postgres refuses costs its own page only.

use rad_core::verdict::State;
use rad_schema::commit::{Applied, End, Excluded, Outcome};

use crate::Done;
use crate::crawl::Crawl;
use crate::page::{STORED, answers, outcome, own_page, page};

const UNSTORABLE: Applied = Applied::Ended(State::Failed);

#[tokio::test]
async fn a_nul_in_one_page_leaves_the_others_stored() -> Done {
    let mut crawl = Crawl::with_pages(4).await?;
    let tasks = crawl.take(&["/0", "/1", "/2", "/3"]).await?;
    let mut batch: Vec<_> = tasks.iter().map(own_page).collect();
    let links = vec![crawl.link(crawl.job, "/new")];
    batch[2] = Outcome { links, ..page(&tasks[2], "# Broken\n\nA NUL: \0.") };
    let committed = crawl.commit(batch).await?;
    assert_eq!(answers(&committed, &tasks), [STORED, STORED, UNSTORABLE, STORED]);
    assert_eq!(crawl.row("/2").await?, (7, Some("unstorable".to_owned())));
    assert_eq!(crawl.count("SELECT count(*) FROM documents").await?, 3);
    let evidence = "SELECT count(*) FROM crawl_urls WHERE evidence LIKE '%22021%'";
    assert_eq!(crawl.count(evidence).await?, 1);
    crawl.finish().await
}

#[tokio::test]
async fn a_nul_anywhere_else_in_an_outcome_ends_it_too() -> Done {
    let mut crawl = Crawl::with_pages(4).await?;
    let tasks = crawl.take(&["/0", "/1", "/2", "/3"]).await?;
    let samples = vec!["http://other.test/\0".to_owned()];
    let mut titled = own_page(&tasks[2]);
    if let End::Page(page) = &mut titled.end {
        page.title = Some("\0".to_owned());
    }
    let batch = vec![
        outcome(&tasks[0], End::Redirected { to: "http://other.test/\0".to_owned() }),
        Outcome { excluded: Excluded { host: 1, samples, ..Excluded::default() }, ..own_page(&tasks[1]) },
        titled,
        own_page(&tasks[3]),
    ];
    let committed = crawl.commit(batch).await?;
    assert_eq!(answers(&committed, &tasks), [UNSTORABLE, UNSTORABLE, UNSTORABLE, STORED]);
    crawl.finish().await
}

#[tokio::test]
async fn data_that_stays_refused_is_an_error_and_not_an_endless_loop() -> Done {
    let mut crawl = Crawl::with_pages(1).await?;
    let tasks = crawl.take(&["/0"]).await?;
    // Even giving the page up is refused: it would count one attempt too many.
    sqlx::query("UPDATE crawl_urls SET attempts = 32767").execute(&mut crawl.owner).await?;
    let limit = std::time::Duration::from_secs(20);
    let refused = tokio::time::timeout(limit, crawl.commit(vec![page(&tasks[0], "\0")])).await;
    assert!(refused.expect("the commit ends").is_err());
    assert_eq!(crawl.row("/0").await?.0, 0);
    crawl.finish().await
}
