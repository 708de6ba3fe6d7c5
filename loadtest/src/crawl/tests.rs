//! The test of a crawl is itself tested on a correct crawl, and on one that can't end in time.

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: CrawlOptions,
}

async fn report(arguments: &[&str]) -> Report {
    let line = Line::try_parse_from([&["crawl"], arguments].concat()).unwrap();
    run(line.options, CancellationToken::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_of_a_site_with_duplicates_stores_every_content_once() {
    let report = report(&["--pages", "120", "--duplicates-percent", "25", "--workers", "2"]).await;
    assert!(report.is_right(), "{report}");
    assert_eq!(usize::try_from(report.pages_stored).unwrap(), report.pages_expected);
    assert_eq!((report.counts.discovered, report.state.as_str()), (120, "completed"));
    assert!(report.counts.duplicate > 10 && report.chunks > report.pages_stored, "{report}");
    let cost = &report.cpu_ms_per_page;
    for process in ["worker", "postgres", "web"] {
        assert!(cost.processes.get(process).is_some_and(|ms| *ms > 0.0), "{process} in {report}");
    }
    for stage in ["fetch", "extract", "chunk", "compress", "commit", "dispatch"] {
        assert!(cost.stages.get(stage).is_some_and(|ms| *ms > 0.0), "{stage} in {report}");
    }
    assert!(report.worker_peak_mb > 1.0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_crawl_of_an_unchanged_site_is_not_sent_its_pages_again() {
    let report = report(&["--pages", "120", "--workers", "2", "--recrawl"]).await;
    assert!(report.is_right(), "{report}");
    let again = report.recrawl.as_ref().unwrap();
    assert_eq!((again.not_modified, again.billed), (120, 0), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_that_does_not_end_in_time_is_broken_but_its_counts_add_up() {
    let report = report(&["--latency-ms", "60000", "--timeout-seconds", "1", "--workers", "1"]).await;
    assert!(report.timed_out && !report.is_right(), "{report}");
    assert_eq!((report.lost, report.duplicates, report.ledger_adds_up), (2_000, 0, true), "{report}");
}
