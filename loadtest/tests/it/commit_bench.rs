//! The benchmark of the commit, at its smallest.

use anyhow::Result;
use rad_loadtest::commit::{self, CommitOptions};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn a_small_benchmark_commits_the_rows_that_it_copies_and_has_every_figure() -> Result<()> {
    let options = CommitOptions {
        pages: 40,
        rounds: 2,
        batch: 16,
        connections: 2,
        body_bytes: 8 * 1024,
        dir: None,
        json: true,
    };
    // It fails by itself where a commit writes other rows than COPY, or tears a document.
    let report = commit::run(options, CancellationToken::new()).await?;
    let json = serde_json::to_value(&report)?;
    for figure in ["chunk_rows_per_s", "copy_rows_per_s", "ratio", "pages_per_s", "chunks_per_page"] {
        assert!(json[figure].as_f64().is_some_and(|number| number > 0.0), "{figure} in {json:#}");
    }
    assert_eq!((&json["pages"], &json["rounds"]), (&Value::from(40), &Value::from(2)));
    Ok(())
}
