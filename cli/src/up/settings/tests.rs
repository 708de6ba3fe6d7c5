use std::path::Path;

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: UpOptions,
}

/// The environment of the test run must not decide.
fn options(dir: &Path, arguments: &[&str]) -> UpOptions {
    let dir = dir.to_str().unwrap();
    let mut options = Line::try_parse_from([&["up", "--dir", dir], arguments].concat()).unwrap().options;
    let given = |name: &str| arguments.contains(&name);
    for (url, name) in [
        (&mut options.database_url, "--database-url"),
        (&mut options.redis_url, "--redis-url"),
        (&mut options.migrate_url, "--migrate-url"),
    ] {
        url.take_if(|_| !given(name));
    }
    if !given("--allow-cidrs") {
        options.allow_cidrs.clear();
    }
    options
}

fn refused(dir: &Path, arguments: &[&str]) -> (u8, String) {
    let failure = plan(&options(dir, arguments)).err().unwrap();
    (failure.code, failure.error.to_string())
}

#[test]
fn without_urls_the_stores_are_private_and_the_site_is_built_in() {
    let dir = tempfile::tempdir().unwrap();
    let plan = plan(&options(dir.path(), &[])).unwrap();
    assert!(matches!(plan.fleet.stores, StoresChoice::Private(_)));
    assert_eq!((plan.start, plan.fleet.cidrs.as_str()), (None, "127.0.0.1/32"));
}

#[test]
fn half_given_stores_are_an_error_that_names_all_that_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let (code, text) = refused(dir.path(), &["--database-url", "postgres://a"]);
    assert_eq!(code, 3);
    assert!(text.contains("REDIS_URL") && text.contains("RAD_MIGRATE_URL"), "{text}");
    let (code, text) = refused(dir.path(), &["--redis-url", "redis://a"]);
    assert_eq!(code, 3);
    assert!(text.contains("DATABASE_URL (Postgres"), "{text}");
}

#[test]
fn a_typed_private_address_is_allowed_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let typed = plan(&options(dir.path(), &["http://10.1.2.3:8080/docs/"])).unwrap();
    assert_eq!(typed.fleet.cidrs, "10.1.2.3/32");
    assert!(typed.notes[0].contains("10.1.2.3/32"), "{:?}", typed.notes);
    let public = plan(&options(dir.path(), &["https://www.wikipedia.org/"])).unwrap();
    assert_eq!((public.fleet.cidrs.as_str(), public.notes.len()), ("", 0));
}

#[test]
fn what_is_no_url_is_a_usage_error_with_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    let (code, text) = refused(dir.path(), &["www.wikipedia.org"]);
    assert_eq!(code, 2);
    assert!(text.ends_with("try https://www.wikipedia.org"), "{text}");
    assert_eq!(refused(dir.path(), &["--allow-cidrs", "ten"]).0, 3);
}
