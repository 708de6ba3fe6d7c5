//! A process refuses to start under a role that could see through row security.

use rad_schema::db::Db;
use rad_schema::roles::{self, RoleError};

use crate::Done;
use crate::stores::{TestDb, run};

/// A database with a login role of this test; roles belong to the server, so its name is the database's.
struct Guarded {
    store: TestDb,
    role: String,
}

impl Guarded {
    async fn with_role(attributes: &str) -> anyhow::Result<Self> {
        let store = TestDb::create().await?;
        let role = format!("r_{}", store.name);
        let this = Self { store, role };
        this.change(&format!("CREATE ROLE $role LOGIN {attributes}")).await?;
        Ok(this)
    }

    /// A statement of the owner; `$role` stands for the test's role.
    async fn change(&self, sql: &str) -> Done {
        run(&mut self.store.owner().await?, sql.replace("$role", &self.role)).await
    }

    /// The reasons against `role`.
    async fn reasons(&self, role: &str) -> anyhow::Result<Vec<String>> {
        let db = Db::connect(&self.store.url_for(role), 1, "test").await?;
        let checked = roles::check(&db).await;
        db.close().await;
        match checked {
            Ok(()) => Ok(Vec::new()),
            Err(RoleError::SeesThrough { reasons }) => Ok(reasons),
            Err(error) => Err(error.into()),
        }
    }

    async fn assert_refused(self, role: &str, word: &str) -> Done {
        let role = role.replace("$role", &self.role);
        let reasons = self.reasons(&role).await?;
        assert!(reasons.iter().any(|reason| reason.contains(word)), "{role}: {reasons:?}");
        self.change("DROP OWNED BY $role CASCADE; DROP ROLE $role").await?;
        self.store.remove().await
    }
}

#[tokio::test]
async fn the_application_role_is_fit() -> Done {
    let store = TestDb::create().await?;
    roles::check(&store.db).await?;
    store.remove().await
}

#[tokio::test]
async fn the_owner_is_refused() -> Done {
    Guarded::with_role("").await?.assert_refused("rad_owner", "superuser").await
}

#[tokio::test]
async fn a_role_that_bypasses_row_security_is_refused() -> Done {
    Guarded::with_role("BYPASSRLS").await?.assert_refused("$role", "BYPASSRLS").await
}

#[tokio::test]
async fn a_member_of_a_role_that_bypasses_row_security_is_refused() -> Done {
    let guarded = Guarded::with_role("BYPASSRLS").await?;
    guarded.change("CREATE ROLE $role_member LOGIN NOINHERIT IN ROLE $role").await?;
    let reasons = guarded.reasons(&format!("{}_member", guarded.role)).await?;
    assert!(reasons.iter().any(|reason| reason.contains("is a member of")), "{reasons:?}");
    guarded.change("DROP ROLE $role_member").await?;
    guarded.assert_refused("$role", "BYPASSRLS").await
}

#[tokio::test]
async fn a_member_of_the_role_that_crosses_tenants_is_refused() -> Done {
    let guarded = Guarded::with_role("IN ROLE rad_dispatch").await?;
    guarded.assert_refused("$role", "crosses tenants").await
}

#[tokio::test]
async fn a_role_that_owns_a_tenant_table_is_refused() -> Done {
    let guarded = Guarded::with_role("").await?;
    guarded.change("ALTER TABLE policy OWNER TO $role").await?;
    guarded.assert_refused("$role", "owns the table policy").await
}

#[tokio::test]
async fn a_table_that_does_not_force_row_security_is_refused() -> Done {
    let guarded = Guarded::with_role("").await?;
    guarded.change("ALTER TABLE documents NO FORCE ROW LEVEL SECURITY").await?;
    guarded.assert_refused("rad_app", "documents does not force").await
}

#[tokio::test]
async fn a_table_without_a_policy_is_refused() -> Done {
    let guarded = Guarded::with_role("").await?;
    guarded.change("DROP POLICY tenant_isolation ON documents").await?;
    guarded.assert_refused("rad_app", "documents has no policy").await
}

#[tokio::test]
async fn a_second_policy_that_opens_a_table_is_refused() -> Done {
    for to in ["PUBLIC", "rad_app"] {
        let guarded = Guarded::with_role("").await?;
        guarded.change(&format!("CREATE POLICY wide ON documents TO {to} USING (true)")).await?;
        guarded.assert_refused("rad_app", "documents").await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_new_table_of_tenants_without_row_security_is_refused() -> Done {
    let guarded = Guarded::with_role("").await?;
    guarded.change("CREATE TABLE notes (tenant_id bigint, note text)").await?;
    guarded.assert_refused("rad_app", "notes").await
}
