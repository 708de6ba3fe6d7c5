//! Reads the rules of deploy/prometheus/rad-alerts.yml: the layout that it has, not YAML as such.

use std::collections::BTreeMap;

/// A recording rule or an alert.
#[derive(Debug, Default)]
pub(crate) struct Rule {
    /// `record` or `alert`.
    pub(crate) kind: String,
    /// Its name.
    pub(crate) name: String,
    /// `expr`, `for` and all annotations.
    pub(crate) fields: BTreeMap<String, String>,
}

impl Rule {
    /// The text of a field that every rule of its kind has.
    pub(crate) fn field(&self, name: &str) -> &str {
        let field = self.fields.get(name).filter(|text| !text.is_empty());
        field.unwrap_or_else(|| panic!("{} has no {name}", self.name))
    }
}

/// All rules in their order.
pub(crate) fn read(text: &str) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut last = String::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let inner = line.trim_start();
        let depth = line.len() - inner.len();
        if let Some((kind, name)) = inner.strip_prefix("- ").and_then(|rule| rule.split_once(": "))
            && matches!(kind, "record" | "alert")
        {
            rules.push(Rule { kind: kind.to_owned(), name: name.to_owned(), ..Rule::default() });
            continue;
        }
        let Some(rule) = rules.last_mut() else { continue };
        let key = inner.split_once(':').filter(|(key, _)| key.bytes().all(|byte| byte.is_ascii_lowercase()));
        match key {
            Some((key, value)) if depth <= 6 => {
                key.clone_into(&mut last);
                rule.fields.insert(last.clone(), value.trim().trim_start_matches('|').to_owned());
            }
            // A text over several lines.
            _ if !last.is_empty() && depth > 4 => {
                let field = rule.fields.get_mut(&last).expect("it was put there with its first line");
                field.push('\n');
                field.push_str(inner);
            }
            _ => last.clear(),
        }
    }
    rules
}

#[test]
fn rules_are_read_with_expressions_of_several_lines() {
    let text = "groups:\n- name: x\n  rules:\n  # A comment: here.\n  - record: a:b\n    expr: c\n  - alert: D\n    \
                expr: |\n      e\n        / f\n    labels: {severity: info}\n    annotations:\n      summary: \"g: h\"\n";
    let rules = read(text);
    assert_eq!(
        (rules[0].kind.as_str(), rules[0].name.as_str(), rules[0].field("expr")),
        ("record", "a:b", "c")
    );
    assert_eq!((rules[1].name.as_str(), rules[1].field("expr")), ("D", "\ne\n/ f"));
    assert_eq!(rules[1].field("labels"), "{severity: info}");
    assert_eq!(rules[1].field("summary"), "\"g: h\"");
}
