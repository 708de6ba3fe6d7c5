//! The dashboard for Grafana, as the JSON that it is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::text;

const FILE: &str = "deploy/grafana/rad-fleet.json";

/// What people link to, and what the rows of the dashboard are called.
const UID: &str = "rad-fleet";
const ROWS: [&str; 7] = ["SLO", "Queues", "Throughput", "Fetch", "Workers", "Control plane", "API"];

fn dashboard() -> Value {
    serde_json::from_str(&text(FILE)).expect("Grafana reads the same JSON")
}

/// Every expression, with the title of its panel or the name of its variable.
pub(crate) fn expressions() -> Vec<(String, String)> {
    let dashboard = dashboard();
    let mut all = Vec::new();
    for panel in list(&dashboard["panels"]).iter().chain(list(&dashboard["annotations"]["list"])) {
        let title = panel["title"].as_str().or(panel["name"].as_str()).expect("panels have titles");
        let targets = panel["targets"].as_array().map_or(std::slice::from_ref(panel), Vec::as_slice);
        let expressions = targets.iter().filter_map(|target| target["expr"].as_str());
        all.extend(expressions.map(|expression| (title.to_owned(), expression.to_owned())));
    }
    for variable in list(&dashboard["templating"]["list"]) {
        let query = variable["query"]["query"].as_str().unwrap_or_default();
        let values = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        if let Some((series, label)) = values.and_then(|values| values.split_once(", ")) {
            let name = variable["name"].as_str().expect("a variable has a name");
            all.push((format!("${name}"), format!("max by ({label}) ({series})")));
        }
    }
    all
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("the dashboard has this list")
}

#[test]
fn the_dashboard_keeps_its_address_its_variables_and_its_rows() {
    let dashboard = dashboard();
    assert_eq!(dashboard["uid"], UID);
    let names = |key: &str, within: &[Value]| -> Vec<String> {
        within.iter().filter_map(|entry| entry[key].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names("name", list(&dashboard["templating"]["list"])), ["datasource", "pool", "tenant"]);
    let rows = list(&dashboard["panels"]).iter().filter(|panel| panel["type"] == "row").cloned();
    assert_eq!(names("title", &rows.collect::<Vec<_>>()), ROWS);
}

#[test]
fn every_panel_has_a_number_of_its_own_and_says_what_it_shows() {
    let dashboard = dashboard();
    let mut numbers = BTreeSet::new();
    for panel in list(&dashboard["panels"]) {
        let title = &panel["title"];
        assert!(numbers.insert(panel["id"].as_u64()), "{title}: its number is taken");
        if panel["type"] != "row" {
            assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{title}");
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
            assert!(!list(&panel["targets"]).is_empty(), "{title}");
        }
    }
}
