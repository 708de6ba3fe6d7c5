use super::*;
use crate::service::crawls::ShownState;

fn asked(given: &[(&str, &str)]) -> Asked {
    let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Asked { path: "/api/v1/crawls".to_owned(), given }
}

fn refused(given: &[(&str, &str)]) -> Vec<String> {
    let judged = asked(given).with(Kind::Crawls, "state", ShownState::parse);
    judged.unwrap_err().into_vec().into_iter().map(|fault| fault.field).collect()
}

#[test]
fn a_cursor_comes_back_as_it_went() {
    for kind in [Kind::Crawls, Kind::Errors, Kind::Documents, Kind::Chunks, Kind::Tenants] {
        for last in [0, 1, 255, 1 << 40, i64::MAX] {
            assert_eq!(last_of(kind, &cursor(kind, last)), Some(last));
        }
    }
}

#[test]
fn a_cursor_of_another_listing_or_of_nobody_is_refused() {
    let good = cursor(Kind::Crawls, 7);
    for bad in [
        "",
        "j",
        "7",
        "j7",
        &good[1..],
        &good[..16],
        &format!("{good}0"),
        "j+00000000000007f",
        "j-00000000000007f",
        "jffffffffffffffff",
        &cursor(Kind::Documents, 7),
    ] {
        assert_eq!(last_of(Kind::Crawls, bad), None, "{bad}");
    }
}

#[test]
fn the_next_page_is_asked_with_the_same_filter_and_limit() {
    let (page, state) = asked(&[("limit", "2"), ("state", "running")])
        .with(Kind::Crawls, "state", ShownState::parse)
        .unwrap();
    assert_eq!((page.limit.get(), page.last_or(99)), (2, 99));
    assert_eq!(state.map(ShownState::as_str), Some("running"));
    assert_eq!(
        page.link("j0000000000000007"),
        "</api/v1/crawls?state=running&limit=2&cursor=j0000000000000007>; rel=\"next\""
    );
    let next = asked(&[("cursor", "j0000000000000007")]).alone(Kind::Crawls).unwrap();
    assert_eq!((next.limit, next.last_or(99)), (Limit::default(), 7));
}

#[test]
fn all_bad_parameters_are_told_at_once() {
    assert_eq!(
        refused(&[("limit", "0"), ("cursor", "x"), ("state", "done"), ("page", "2"), ("limit", "3")]),
        ["page", "limit", "state", "limit", "cursor"]
    );
    for bad in ["", "-1", "1001", "ten", "1.5", "99999999999999999999"] {
        assert_eq!(refused(&[("limit", bad)]), ["limit"], "{bad}");
    }
}

#[test]
fn only_a_page_with_a_successor_has_a_link() {
    let page = |next| Page { data: vec![1], next };
    let answer = |next| asked(&[]).alone(Kind::Documents).unwrap().answer(page(next));
    assert!(answer(Some(5)).headers().contains_key(header::LINK));
    assert!(!answer(None).headers().contains_key(header::LINK));
}
