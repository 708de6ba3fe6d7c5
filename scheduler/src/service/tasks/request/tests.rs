//! What is accepted of a request, and what is told of a bad one.

use serde_json::json;

use super::*;

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn bad<T: std::fmt::Debug>(read: Result<T, Faults>) -> Vec<String> {
    read.unwrap_err().into_vec().into_iter().map(|fault| fault.field).collect()
}

#[test]
fn a_push_as_it_was_published_is_taken() {
    let body = json!({ "task_type": "crawl", "resource": "https://example.com/", "priority": 8,
        "params": { "max_depth": 3 } });
    let new = push(object(body), Some("k".to_owned())).unwrap();
    assert_eq!((new.task_type.as_str(), new.priority, new.max_attempts), ("crawl", 8, 3));
    assert_eq!((new.params["max_depth"].as_i64(), new.idempotency_key.as_deref()), (Some(3), Some("k")));
    let least = push(object(json!({ "task_type": "x" })), None).unwrap();
    assert_eq!((least.priority, least.params, least.resource), (5, json!({}), None));
}

#[test]
fn all_mistakes_of_a_push_are_told_at_once() {
    let body = json!({ "task_type": "a b", "resource": 7, "priority": 11, "params": [], "max_attempts": 0,
        "kind": "x" });
    assert_eq!(
        bad(push(object(body), None)),
        ["kind", "task_type", "resource", "priority", "params", "max_attempts"]
    );
    let nul = json!({ "task_type": "a", "params": { "deep": [{ "a\u{0}": 1 }] } });
    assert_eq!(bad(push(object(nul), None)), ["params"]);
    assert_eq!(bad(push(Map::new(), None)), ["task_type"]);
}

#[test]
fn a_claim_needs_only_a_name() {
    let plain = claim(TenantId(1), object(json!({ "worker_id": "crawler-1" }))).unwrap();
    assert_eq!((plain.types, plain.wait, plain.lease), (None, Duration::ZERO, Duration::from_mins(5)));
    let same = |tenant| {
        let body = json!({ "worker_id": "w", "request_id": "r" });
        claim(TenantId(tenant), object(body)).unwrap().request
    };
    assert_eq!(same(1), same(1));
    assert_ne!(same(1), same(2));
    let wrong = json!({ "worker_id": "", "task_types": [], "wait_seconds": 21, "lease_seconds": 3601,
        "request_id": "a\nb" });
    assert_eq!(
        bad(claim(TenantId(1), object(wrong))),
        ["worker_id", "task_types", "wait_seconds", "lease_seconds", "request_id"]
    );
}

#[test]
fn ends_may_say_who_holds_the_task_or_not() {
    let (holder, result) = complete(object(json!({ "result": { "pages": 42 } }))).unwrap();
    assert!(holder.token.is_none() && holder.worker.is_none());
    assert_eq!(result, json!({ "pages": 42 }));
    let (holder, _) = complete(object(json!({ "lease_token": "3.17", "worker_id": "w" }))).unwrap();
    assert_eq!(holder.token, Some(Fence { generation: 3, counter: 17 }));
    for token in ["", "3", "3.", ".17", "3.17.1", "+3.17", "3.-1", "99999999999999999999.1"] {
        assert_eq!(bad(complete(object(json!({ "lease_token": token })))), ["lease_token"], "{token}");
    }
    assert_eq!(bad(fail(object(json!({ "retry_in_seconds": -1 })))), ["error", "retry_in_seconds"]);
    let (_, error, retry_in) = fail(object(json!({ "error": "x", "retry_in_seconds": 0 }))).unwrap();
    assert_eq!((error.as_str(), retry_in), ("x", Some(Duration::ZERO)));
    assert_eq!(bad(renew(object(json!({ "lease_seconds": 0 })))), ["lease_seconds"]);
}

#[test]
fn kinds_of_task_are_plain_names() {
    for name in ["crawl", "A", "index-page", "v1.2:x_y", &"a".repeat(64)] {
        assert!(is_type(name), "{name}");
    }
    for name in ["", "-a", "a b", "ä", "a\u{0}", &"a".repeat(65)] {
        assert!(!is_type(name) && known_type(name).is_err(), "{name:?}");
    }
}
