//! The caller itself, and what operators do with tenants and keys.

use rad_core::ids::TenantId;
use rad_schema::admin::{KeyRow, NewKey, NewTenant, TenantChange, TenantRow};
use rad_schema::tenants::{Caller, LimitRow};
use serde::Serialize;
use serde_json::{Map, Value};

use super::fault::Faults;
use super::fields::Fields;
use super::page::{Limit, Page};
use super::{Service, ServiceError};

/// The scopes that there are.
const SCOPES: [&str; 3] = ["read", "crawl", "admin"];

/// What a new key may do where nobody says it.
const DEFAULT_SCOPES: [&str; 2] = ["read", "crawl"];

const NAME: &str = "1 to 63 lower-case letters, digits, _ and -, the first a letter or digit";
const NO_LIMIT: &str = "a whole number of at least 0, or null for no limit";
const CRAWLERS: &str = "a whole number of at least 1";
const WEIGHT: &str = "a whole number from 1 to 1000";
const SCOPE_LIST: &str = "a list of one or more of read, crawl, admin";

/// The tenant of a key, with its limits.
#[derive(Debug, Serialize)]
pub(crate) struct OwnTenant {
    tenant_id: i64,
    name: String,
    scopes: Vec<String>,
    limits: Vec<LimitRow>,
}

/// A key that is no more.
#[derive(Debug, Serialize)]
pub(crate) struct RevokedKey {
    key_id: String,
    revoked_at: String,
}

impl Service {
    pub(crate) async fn own_tenant(&self, caller: Caller) -> Result<OwnTenant, ServiceError> {
        let limits = self.db.tenant_limits(caller.tenant).await?;
        Ok(OwnTenant { tenant_id: caller.tenant.0, name: caller.name, scopes: caller.scopes, limits })
    }

    pub(crate) async fn create_tenant(
        &self,
        key: &str,
        body: Map<String, Value>,
    ) -> Result<TenantRow, ServiceError> {
        Ok(self.db.admin(key).create_tenant(&new_tenant(body)?).await?)
    }

    /// Tenants after `after`, in the order of their numbers.
    pub(crate) async fn tenants(
        &self,
        key: &str,
        after: TenantId,
        limit: Limit,
    ) -> Result<Page<TenantRow>, ServiceError> {
        let rows = self.db.admin(key).tenants(after, limit.and_one()).await?;
        Ok(Page::cut(rows, limit, |tenant| tenant.tenant_id))
    }

    pub(crate) async fn tenant(&self, key: &str, name: &str) -> Result<TenantRow, ServiceError> {
        Ok(self.db.admin(key).tenant(known(name)?).await?)
    }

    pub(crate) async fn change_tenant(
        &self,
        key: &str,
        name: &str,
        body: Map<String, Value>,
    ) -> Result<TenantRow, ServiceError> {
        let change = tenant_change(body)?;
        Ok(self.db.admin(key).change_tenant(known(name)?, &change).await?)
    }

    pub(crate) async fn create_key(
        &self,
        key: &str,
        name: &str,
        body: Map<String, Value>,
    ) -> Result<NewKey, ServiceError> {
        let scopes = scopes(body)?;
        Ok(self.db.admin(key).create_key(known(name)?, &scopes).await?)
    }

    pub(crate) async fn keys(&self, key: &str, name: &str) -> Result<Page<KeyRow>, ServiceError> {
        Ok(Page::whole(self.db.admin(key).keys(known(name)?).await?))
    }

    pub(crate) async fn revoke_key(
        &self,
        key: &str,
        name: &str,
        key_id: &str,
    ) -> Result<RevokedKey, ServiceError> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if key_id.len() != 8 || !key_id.bytes().all(hex) {
            return Err(ServiceError::NotFound {
                what: "such key: a key is named by the 8 digits after rad_live_".to_owned(),
            });
        }
        let revoked_at = self.db.admin(key).revoke_key(known(name)?, key_id).await?;
        Ok(RevokedKey { key_id: key_id.to_owned(), revoked_at })
    }
}

/// A name that no tenant can have is that of none.
fn known(name: &str) -> Result<&str, ServiceError> {
    if is_name(name) {
        return Ok(name);
    }
    Err(ServiceError::NotFound { what: format!("such tenant: a name has {NAME}") })
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    (1..=63).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with(['_', '-'])
}

fn new_tenant(body: Map<String, Value>) -> Result<NewTenant, Faults> {
    let mut fields = Fields::of(body);
    let name = fields.required::<String>("name", NAME, |name| is_name(name));
    let change = limits(&mut fields);
    fields.finish()?;
    Ok(NewTenant {
        name: name.expect("a name that is missing or wrong is a fault"),
        monthly_pages: change.monthly_pages.flatten(),
        monthly_tokens: change.monthly_tokens.flatten(),
        storage_bytes: change.storage_bytes.flatten(),
        max_crawlers: change.max_crawlers,
        weight: change.weight,
    })
}

fn tenant_change(body: Map<String, Value>) -> Result<TenantChange, Faults> {
    let nulls = ["max_crawlers", "weight"].map(|name| (name, body.get(name).is_some_and(Value::is_null)));
    let mut fields = Fields::of(body);
    let change = limits(&mut fields);
    for (name, _) in nulls.into_iter().filter(|(_, is_null)| *is_null) {
        fields.refuse(name, "a tenant always has one, so it can't be null", "give a number, or leave it out");
    }
    fields.finish()?;
    Ok(change)
}

fn limits(fields: &mut Fields) -> TenantChange {
    TenantChange {
        monthly_pages: fields.nullable("monthly_pages", NO_LIMIT, |n: &i64| *n >= 0),
        monthly_tokens: fields.nullable("monthly_tokens", NO_LIMIT, |n: &i64| *n >= 0),
        storage_bytes: fields.nullable("storage_bytes", NO_LIMIT, |n: &i64| *n >= 0),
        max_crawlers: fields.optional("max_crawlers", CRAWLERS, |n: &i32| *n >= 1),
        weight: fields.optional("weight", WEIGHT, |n: &i32| (1..=1000).contains(n)),
    }
}

fn scopes(body: Map<String, Value>) -> Result<Vec<String>, Faults> {
    let mut fields = Fields::of(body);
    let given = fields.optional::<Vec<String>>("scopes", SCOPE_LIST, |scopes| !scopes.is_empty());
    let unknown = given.iter().flatten().enumerate().filter(|(_, scope)| !SCOPES.contains(&scope.as_str()));
    for (place, scope) in unknown {
        let detail = format!("there is no scope {scope:?}");
        fields.refuse(&format!("scopes[{place}]"), detail, format!("give {SCOPE_LIST}"));
    }
    fields.finish()?;
    let wanted = given.unwrap_or_else(|| DEFAULT_SCOPES.map(str::to_owned).into());
    // In one order and each once, however they were written.
    Ok(SCOPES
        .into_iter()
        .filter(|scope| wanted.iter().any(|given| given == scope))
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    fn bad(faults: Faults) -> Vec<String> {
        faults.into_vec().into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn a_tenant_is_read_with_all_its_mistakes() {
        let new = new_tenant(object(json!({ "name": "acme", "monthly_pages": 0, "weight": 1000 }))).unwrap();
        assert_eq!((new.name.as_str(), new.monthly_pages, new.storage_bytes), ("acme", Some(0), None));
        assert_eq!((new.max_crawlers, new.weight), (None, Some(1000)));
        let wrong = json!({ "name": "Acme Inc", "monthly_pages": -1, "storage_bytes": "1 GB",
            "max_crawlers": 0, "weight": 1001, "state": 1 });
        assert_eq!(
            bad(new_tenant(object(wrong)).unwrap_err()),
            ["state", "name", "monthly_pages", "storage_bytes", "max_crawlers", "weight"]
        );
    }

    #[test]
    fn a_change_tells_null_from_absence_and_has_no_name() {
        let change = tenant_change(object(json!({ "monthly_pages": null, "weight": 2 }))).unwrap();
        assert_eq!((change.monthly_pages, change.storage_bytes), (Some(None), None));
        assert_eq!((change.max_crawlers, change.weight), (None, Some(2)));
        assert_eq!(bad(tenant_change(object(json!({ "name": "other" }))).unwrap_err()), ["name"]);
        let nulls = json!({ "weight": null, "max_crawlers": null, "storage_bytes": null });
        assert_eq!(bad(tenant_change(object(nulls)).unwrap_err()), ["max_crawlers", "weight"]);
    }

    #[test]
    fn scopes_are_known_ones_and_at_least_one() {
        assert_eq!(scopes(Map::new()).unwrap(), ["read", "crawl"]);
        assert_eq!(
            scopes(object(json!({ "scopes": ["admin", "read", "admin"] }))).unwrap(),
            ["read", "admin"]
        );
        for (given, named) in [
            (json!([]), "scopes"),
            (json!("read"), "scopes"),
            (json!(["read", "write"]), "scopes[1]"),
            (json!(["read", 7]), "scopes[1]"),
        ] {
            assert_eq!(bad(scopes(object(json!({ "scopes": given }))).unwrap_err()), [named]);
        }
    }

    #[test]
    fn names_that_can_t_be_are_known_at_the_door() {
        for name in ["", "-a", "_a", "A", "a b", "ä", "a\u{0}", &"a".repeat(64)] {
            assert!(!is_name(name), "{name:?}");
        }
        for name in ["a", "0", "acme-2_x", &"a".repeat(63)] {
            assert!(is_name(name), "{name:?}");
        }
    }
}
