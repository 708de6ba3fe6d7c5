use rad_loadtest::client::Counts;

use super::*;

fn summary(counts: Counts) -> Summary {
    Summary {
        status: CrawlStatus {
            state: "completed".to_owned(),
            end_reason: Some("exhausted".to_owned()),
            counts,
            ..tally::tests::crawl()
        },
        continued: false,
        took: Duration::from_millis(2_340),
        documents: 7,
        chunks: 30,
        samples: vec![Sample {
            url: "http://127.0.0.1:7071/a".to_owned(),
            title: Some("A".to_owned()),
            heading_path: vec!["Guide".to_owned(), "Install".to_owned()],
            tokens: 12,
            text: "one\n\ntwo\u{1b}[31m\n3\n4\n5\n6\n7\n".to_owned(),
        }],
        database_url: "postgres://rad_app@localhost/rad?host=/tmp/x".to_owned(),
        tenant: 9,
    }
}

fn counts() -> Counts {
    Counts { discovered: 10, stored: 7, failed: 2, skipped: 1, ..Counts::default() }
}

#[test]
fn the_text_has_counts_with_reasons_a_psql_command_and_short_samples() {
    let text = summary(counts()).text(Paint::plain(), false, false);
    for part in [
        "Crawl 4 of http://127.0.0.1:7071/: completed after 2.3 s",
        "  stored              7\n",
        "  failed              2   2 http_4xx\n",
        "  skipped             1   1 robots\n",
        "  URLs in all        10\n",
        "7 documents with 30 chunks",
        "psql 'postgres://rad_app@localhost/rad?host=/tmp/x'",
        "SET app.tenant_id = '9'",
        "Guide > Install (12 tokens)",
        "  | one\n  | two�[31m",
        "  | 6\n",
    ] {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
    assert!(!text.contains("| 7") && !text.contains("duplicate"), "{text}");
}

#[test]
fn the_password_of_given_stores_is_not_shown() {
    let summary = summary(counts());
    let text = summary.text(Paint::plain(), true, false);
    assert!(text.contains("psql \"$DATABASE_URL\"") && !text.contains("rad_app@"), "{text}");
    assert_eq!(summary.json(true)["database_url"], Value::Null);
    assert_eq!(summary.json(false)["crawl"]["counts"]["stored"], 7);
}

#[test]
fn only_who_does_not_stay_is_told_how_to() {
    let told = |given, stays| summary(counts()).text(Paint::plain(), given, stays).contains("--stay");
    assert_eq!([told(false, false), told(false, true), told(true, false)], [true, false, false]);
}

#[test]
fn only_failures_are_nothing_stored() {
    assert!(summary(counts()).stored_something());
    assert!(!summary(Counts { discovered: 2, failed: 2, ..Counts::default() }).stored_something());
}
