use serde_json::json;

use super::*;

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(object) => Fields::of(object),
        other => panic!("{other} is no object"),
    }
}

fn told(fields: Fields) -> Vec<(String, String)> {
    match fields.finish() {
        Ok(()) => Vec::new(),
        Err(faults) => faults.into_vec().into_iter().map(|fault| (fault.field, fault.fix)).collect(),
    }
}

#[test]
fn a_wrong_type_and_a_wrong_value_are_told_with_the_path() {
    let mut body = fields(json!({ "priority": "high", "max_pages": 0, "scope": { "max_depth": -1 } }));
    assert_eq!(body.optional::<i16>("priority", "a number", |_| true), None);
    assert_eq!(body.optional::<i64>("max_pages", "1 or more", |n| *n >= 1), None);
    let mut scope = body.enter("scope");
    assert_eq!(scope.optional::<u16>("max_depth", "0 or more", |_| true), None);
    body.leave(scope);
    let faults = body.finish().unwrap_err().into_vec();
    let details: Vec<_> = faults.iter().map(|fault| fault.detail.as_str()).collect();
    assert_eq!(
        details,
        [
            r#"priority: "high" is not a number"#,
            "max_pages: 0 is not 1 or more",
            "scope.max_depth: -1 is not 0 or more"
        ]
    );
}

#[test]
fn an_element_of_a_list_is_named_by_its_place() {
    let mut body = fields(json!({ "scopes": ["read", 7] }));
    assert_eq!(body.optional::<Vec<String>>("scopes", "a list of scopes", |_| true), None);
    assert_eq!(told(body), [("scopes[1]".to_owned(), "give a list of scopes".to_owned())]);
}

#[test]
fn an_unknown_field_is_told_with_the_name_that_was_meant() {
    let mut body = fields(json!({ "URL": "x", "max_page": 3, "wholly_different": 1 }));
    body.optional::<i64>("max_pages", "a number", |_| true);
    body.optional::<String>("url", "a string", |_| true);
    assert_eq!(
        told(body),
        [
            ("URL".to_owned(), "did you mean `url`?".to_owned()),
            ("max_page".to_owned(), "did you mean `max_pages`?".to_owned()),
            ("wholly_different".to_owned(), "leave it out; there are max_pages, url".to_owned()),
        ]
    );
}

#[test]
fn an_object_is_not_an_array_or_a_string() {
    for other in [json!([1]), json!("host"), json!(3)] {
        let mut body = fields(json!({ "scope": other }));
        let scope = body.enter("scope");
        body.leave(scope);
        assert_eq!(told(body), [("scope".to_owned(), "give a JSON object".to_owned())]);
    }
}

#[test]
fn null_is_absence_except_where_it_is_asked_for() {
    let mut body = fields(json!({ "url": null, "max_pages": null, "scope": null }));
    assert_eq!(body.optional::<i64>("max_pages", "a number", |_| true), None);
    let scope = body.enter("scope");
    body.leave(scope);
    assert_eq!(body.required::<String>("url", "a URL", |_| true), None);
    let faults = body.finish().unwrap_err();
    assert_eq!((faults.first().wrong, faults.first().field.as_str()), (Wrong::Missing, "url"));
    let mut change = fields(json!({ "monthly_pages": null }));
    assert_eq!(change.nullable::<i64>("monthly_pages", "a number", |_| true), Some(None));
    assert_eq!(change.nullable::<i64>("storage_bytes", "a number", |_| true), None);
    assert_eq!(change.finish(), Ok(()));
}

#[test]
fn a_long_value_is_cut_where_it_is_repeated() {
    let mut body = fields(json!({ "url": ["é".repeat(5_000)], "n".repeat(5_000): 1 }));
    body.optional::<String>("url", "a string", |_| true);
    let length: usize = body
        .finish()
        .unwrap_err()
        .into_vec()
        .iter()
        .map(|fault| fault.detail.len() + fault.field.len())
        .sum();
    assert!(length < 600, "{length}");
}
