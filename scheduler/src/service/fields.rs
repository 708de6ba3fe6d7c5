//! Reading the fields of a JSON object, and remembering everything that is wrong with it.
//!
//! A derived deserializer stops at the first mistake and takes an array for an object; a person who repairs a
//! request wants to hear of all mistakes at once. Each field is read by itself, and [`Fields::finish`] adds the
//! fields that nobody asked for.

mod suggest;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::fault::{Fault, Faults, Wrong};

/// Longest part of a bad value that is repeated in the answer.
const SHOWN_CHARS: usize = 60;

/// An object that is being read.
pub(crate) struct Fields {
    /// Path of the object with a final dot; empty for the root.
    prefix: String,
    left: Map<String, Value>,
    known: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl Fields {
    pub(crate) fn of(object: Map<String, Value>) -> Self {
        Self { prefix: String::new(), left: object, known: Vec::new(), faults: Vec::new() }
    }

    /// A field that may be absent or null. `wants` completes "give …" and "is not …".
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        wants: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Option<T> {
        self.nullable(name, wants, fits).flatten()
    }

    /// A field that must be there.
    pub(crate) fn required<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        wants: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Option<T> {
        if self.left.get(name).is_none_or(Value::is_null) {
            self.left.remove(name);
            self.known.push(name);
            let detail = format!("{}{name} is missing", self.prefix);
            self.add(Wrong::Missing, name, detail, format!("give {wants}"));
            return None;
        }
        self.optional(name, wants, fits)
    }

    /// A field where null says something else than absence: `None` absent, `Some(None)` null.
    #[expect(clippy::option_option, reason = "absent, null and a value are three answers")]
    pub(crate) fn nullable<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        wants: &str,
        fits: impl Fn(&T) -> bool,
    ) -> Option<Option<T>> {
        self.known.push(name);
        let value = self.left.remove(name)?;
        if value.is_null() {
            return Some(None);
        }
        match serde_path_to_error::deserialize::<_, T>(&value) {
            Ok(read) if fits(&read) => Some(Some(read)),
            Ok(_) => {
                self.refuse(name, format!("{} is not {wants}", shown(&value)), format!("give {wants}"));
                None
            }
            Err(error) => {
                let inner = error.path().to_string();
                let path = if inner == "." { name.to_owned() } else { joined(name, &inner) };
                let bad = at(&value, &inner).unwrap_or(&value);
                let detail = format!("{}{path}: {} is not {wants}", self.prefix, shown(bad));
                self.add(Wrong::Invalid, &path, detail, format!("give {wants}"));
                None
            }
        }
    }

    /// A field that is an object itself. What is wrong in it is added by [`Fields::leave`].
    pub(crate) fn enter(&mut self, name: &'static str) -> Self {
        let prefix = format!("{}{name}.", self.prefix);
        let object = self.optional::<Value>(name, "a JSON object", Value::is_object);
        let left = match object {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        };
        Self { prefix, left, known: Vec::new(), faults: Vec::new() }
    }

    /// Takes over what was wrong in a field that was entered.
    pub(crate) fn leave(&mut self, inner: Self) {
        self.faults.extend(inner.all_faults());
    }

    /// Notes that the value of a field can't be used.
    pub(crate) fn refuse(&mut self, name: &str, detail: impl AsRef<str>, fix: impl Into<String>) {
        let detail = format!("{}{name}: {}", self.prefix, detail.as_ref());
        self.add(Wrong::Invalid, name, detail, fix.into());
    }

    /// The faults found, fields that nobody asked for included.
    pub(crate) fn finish(self) -> Result<(), Faults> {
        Faults::check(self.all_faults())
    }

    fn add(&mut self, wrong: Wrong, name: &str, detail: String, fix: String) {
        self.faults.push(Fault { wrong, field: format!("{}{name}", self.prefix), detail, fix });
    }

    fn all_faults(mut self) -> Vec<Fault> {
        for name in std::mem::take(&mut self.left).into_iter().map(|(name, _)| name) {
            let name: String = name.chars().take(SHOWN_CHARS).collect();
            let fix = match suggest::closest(&name, &self.known) {
                Some(close) => format!("did you mean `{}{close}`?", self.prefix),
                None if self.known.is_empty() => "leave it out".to_owned(),
                None => format!("leave it out; there are {}", self.known.join(", ")),
            };
            let detail = format!("there is no field `{}{name}`", self.prefix);
            self.add(Wrong::Unknown, &name, detail, fix);
        }
        self.faults
    }
}

/// A path of serde's (`[1]`, `a.b`) below a name.
fn joined(name: &str, inner: &str) -> String {
    if inner.starts_with('[') { format!("{name}{inner}") } else { format!("{name}.{inner}") }
}

/// The value at a path of one step, which is as deep as the lists of this API are.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let index = path.strip_prefix('[')?.strip_suffix(']')?;
    value.get(index.parse::<usize>().ok()?)
}

/// A value as JSON, cut where it is long.
fn shown(value: &Value) -> String {
    let json = value.to_string();
    let mut short: String = json.chars().take(SHOWN_CHARS).collect();
    if short.len() < json.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests;
