//! Requests about tasks, judged. All mistakes are told at once.

use std::time::Duration;

use rad_core::ids::{Fence, Hash128, TenantId};
use rad_schema::tasks::NewErrand;
use serde_json::{Map, Value};

use super::super::fault::Faults;
use super::super::fields::Fields;
use super::super::start;

const DEFAULT_PRIORITY: i16 = 5;
const DEFAULT_ATTEMPTS: i16 = 3;
const DEFAULT_LEASE: u64 = 300;
/// Longer waits would run into the time-outs of clients and proxies.
const LONGEST_WAIT: u64 = 20;
const LONGEST_LEASE: u64 = 3_600;
const LONGEST_RETRY: u64 = 7 * 86_400;
const MOST_TYPES: usize = 32;

const TYPE: &str = "a name of 1 to 64 letters, digits, _ . : -, the first a letter or digit";
const TYPES: &str = "a list of 1 to 32 kinds of task";
pub(in crate::service) const WORKER: &str = "a name of 1 to 255 bytes without control characters";
const RESOURCE: &str = "a text of up to 2048 bytes without NUL";
const PRIORITY: &str = "a whole number from 1 (least) to 10 (most urgent)";
const OBJECT: &str = "a JSON object without the character NUL";
const RESULT: &str = "any JSON without the character NUL";
const LEASE: &str = "a whole number of seconds from 1 to 3600";

/// A claim, judged.
#[derive(Debug)]
pub(super) struct ClaimRequest {
    pub(super) worker: String,
    /// None: all.
    pub(super) types: Option<Vec<String>>,
    pub(super) wait: Duration,
    pub(super) lease: Duration,
    pub(super) request: Option<Hash128>,
}

/// Who says that a task is theirs.
#[derive(Debug, Default)]
pub(super) struct HolderRequest {
    pub(super) token: Option<Fence>,
    pub(super) worker: Option<String>,
}

pub(super) fn push(object: Map<String, Value>, key_beside: Option<String>) -> Result<NewErrand, Faults> {
    let mut fields = Fields::of(object);
    let task_type = fields.required::<String>("task_type", TYPE, |name| is_type(name));
    let resource =
        fields.optional::<String>("resource", RESOURCE, |text| text.len() <= 2_048 && !text.contains('\0'));
    let priority = fields.optional("priority", PRIORITY, |n: &i16| (1..=10).contains(n));
    let params = fields.optional::<Value>("params", OBJECT, |params| params.is_object() && storable(params));
    let max_attempts =
        fields.optional("max_attempts", "a whole number from 1 to 100", |n: &i16| (1..=100).contains(n));
    let idempotency_key = start::key(&mut fields, key_beside);
    fields.finish()?;
    Ok(NewErrand {
        task_type: task_type.expect("a kind that is missing or wrong is a fault"),
        resource,
        priority: priority.unwrap_or(DEFAULT_PRIORITY),
        params: params.unwrap_or_else(|| Value::Object(Map::new())),
        max_attempts: max_attempts.unwrap_or(DEFAULT_ATTEMPTS),
        idempotency_key,
    })
}

pub(super) fn claim(tenant: TenantId, object: Map<String, Value>) -> Result<ClaimRequest, Faults> {
    let mut fields = Fields::of(object);
    let worker = fields.required::<String>("worker_id", WORKER, |name| is_name(name));
    let types = fields.optional::<Vec<String>>("task_types", TYPES, |types| {
        (1..=MOST_TYPES).contains(&types.len()) && types.iter().all(|name| is_type(name))
    });
    let wait = fields
        .optional("wait_seconds", "a whole number of seconds from 0 to 20", |n: &u64| *n <= LONGEST_WAIT);
    let lease = lease(&mut fields);
    let request = fields.optional::<String>("request_id", WORKER, |name| is_name(name));
    fields.finish()?;
    Ok(ClaimRequest {
        worker: worker.expect("a name that is missing or wrong is a fault"),
        types,
        wait: Duration::from_secs(wait.unwrap_or(0)),
        lease,
        request: request.map(|name| Hash128::of(format!("{tenant}/{name}").as_bytes())),
    })
}

pub(super) fn complete(object: Map<String, Value>) -> Result<(HolderRequest, Value), Faults> {
    let mut fields = Fields::of(object);
    let result = fields.optional::<Value>("result", RESULT, storable);
    let holder = holder(&mut fields);
    fields.finish()?;
    Ok((holder, result.unwrap_or(Value::Null)))
}

pub(super) fn fail(object: Map<String, Value>) -> Result<(HolderRequest, String, Option<Duration>), Faults> {
    let mut fields = Fields::of(object);
    let error = fields.required::<String>("error", "a text without NUL", |text| !text.contains('\0'));
    let retry_in =
        fields.optional("retry_in_seconds", "a whole number of seconds from 0 to 604800", |n: &u64| {
            *n <= LONGEST_RETRY
        });
    let holder = holder(&mut fields);
    fields.finish()?;
    let error = error.expect("an error that is missing or wrong is a fault");
    Ok((holder, error, retry_in.map(Duration::from_secs)))
}

pub(super) fn renew(object: Map<String, Value>) -> Result<(HolderRequest, Duration), Faults> {
    let mut fields = Fields::of(object);
    let lease = lease(&mut fields);
    let holder = holder(&mut fields);
    fields.finish()?;
    Ok((holder, lease))
}

/// The kind of task that a listing is narrowed to.
pub(super) fn known_type(name: &str) -> Result<String, Faults> {
    if is_type(name) {
        return Ok(name.to_owned());
    }
    let shown: String = name.chars().take(60).collect();
    Err(Faults::one("type", format!("type: {shown:?} is not {TYPE}"), format!("give {TYPE}")))
}

fn lease(fields: &mut Fields) -> Duration {
    let lease = fields.optional("lease_seconds", LEASE, |n: &u64| (1..=LONGEST_LEASE).contains(n));
    Duration::from_secs(lease.unwrap_or(DEFAULT_LEASE))
}

fn holder(fields: &mut Fields) -> HolderRequest {
    let worker = fields.optional::<String>("worker_id", WORKER, |name| is_name(name));
    let given =
        fields.optional::<String>("lease_token", "the lease_token of a claim", |text| token(text).is_some());
    HolderRequest { token: given.and_then(|text| token(&text)), worker }
}

fn token(text: &str) -> Option<Fence> {
    let (generation, counter) = text.split_once('.')?;
    let number = |digits: &str| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<i64>().ok()).flatten()
    };
    Some(Fence { generation: number(generation)?, counter: number(counter)? })
}

fn is_type(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=64).contains(&name.len())
        && name.bytes().all(allowed)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

pub(in crate::service) fn is_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && !name.chars().any(char::is_control)
}

/// Postgres takes every JSON but the character NUL.
fn storable(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains('\0'),
        Value::Array(items) => items.iter().all(storable),
        Value::Object(members) => {
            members.iter().all(|(name, member)| !name.contains('\0') && storable(member))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests;
