//! What operators may do, and that nobody else may.

use rad_core::ids::TenantId;
use rad_schema::admin::{Admin, AdminError, NewTenant, TenantChange};
use rad_schema::tenants::KeyError;

use crate::Done;
use crate::stores::TestDb;

fn acme() -> NewTenant {
    NewTenant { name: "acme".to_owned(), monthly_pages: Some(50), ..NewTenant::default() }
}

fn scopes(of: &[&str]) -> Vec<String> {
    of.iter().map(|scope| (*scope).to_owned()).collect()
}

#[tokio::test]
async fn an_operator_makes_changes_and_lists_tenants() -> Done {
    let store = TestDb::create().await?;
    let admin = Admin::as_owner(&store.owner_url).await?;
    let made = admin.create_tenant(&acme()).await?;
    assert_eq!(
        (made.monthly_pages, made.storage_bytes, made.max_crawlers, made.weight),
        (Some(50), None, 256, 1)
    );
    assert!(
        matches!(admin.create_tenant(&acme()).await, Err(AdminError::TenantExists(name)) if name == "acme")
    );
    let change = TenantChange {
        monthly_pages: Some(None),
        storage_bytes: Some(Some(1 << 30)),
        weight: Some(5),
        ..TenantChange::default()
    };
    let changed = admin.change_tenant("acme", &change).await?;
    assert_eq!(
        (changed.monthly_pages, changed.storage_bytes, changed.max_crawlers, changed.weight),
        (None, Some(1 << 30), 256, 5)
    );
    admin.create_tenant(&NewTenant { name: "beta".to_owned(), ..NewTenant::default() }).await?;
    let listed = admin.tenants(TenantId(0), 10).await?;
    assert_eq!(listed.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["acme", "beta"]);
    assert_eq!(admin.tenants(TenantId(listed[0].tenant_id), 10).await?, listed[1..]);
    assert!(matches!(admin.tenant("nobody").await, Err(AdminError::NoTenant(_))));
    assert!(matches!(admin.change_tenant("nobody", &change).await, Err(AdminError::NoTenant(_))));
    admin.close().await;
    store.remove().await
}

#[tokio::test]
async fn a_key_works_until_it_is_revoked_and_may_do_what_its_scopes_say() -> Done {
    let store = TestDb::create().await?;
    let admin = Admin::as_owner(&store.owner_url).await?;
    admin.create_tenant(&acme()).await?;
    let key = admin.create_key("acme", &scopes(&["read"])).await?;
    let caller = store.db.caller(&key.key).await?;
    assert_eq!((caller.name.as_str(), caller.scopes), ("acme", scopes(&["read"])));
    let since = admin.revoke_key("acme", &key.key_id).await?;
    assert!(matches!(store.db.caller(&key.key).await, Err(KeyError::Revoked)));
    assert_eq!(admin.revoke_key("acme", &key.key_id).await?, since, "revoking again changes nothing");
    let rows = admin.keys("acme").await?;
    assert_eq!((rows.len(), rows[0].revoked_at.as_deref()), (1, Some(since.as_str())));
    assert!(matches!(admin.revoke_key("acme", "00000000").await, Err(AdminError::NoKey(_))));
    assert!(matches!(admin.create_key("nobody", &scopes(&["read"])).await, Err(AdminError::NoTenant(_))));
    let mut typed = key.key;
    typed.replace_range(20..21, if &typed[20..21] == "0" { "1" } else { "0" });
    assert!(matches!(store.db.caller(&typed).await, Err(KeyError::Malformed)));
    admin.close().await;
    store.remove().await
}

#[tokio::test]
async fn an_admin_key_is_an_operator_through_the_processes_role_and_no_other_key_is() -> Done {
    let store = TestDb::create().await?;
    let owner = Admin::as_owner(&store.owner_url).await?;
    owner.create_tenant(&acme()).await?;
    let admin_key = owner.create_key("acme", &scopes(&["admin"])).await?;
    let plain_key = owner.create_key("acme", &scopes(&["read", "crawl"])).await?;
    let operator = store.db.admin(&admin_key.key);
    operator.create_tenant(&NewTenant { name: "made-by-key".to_owned(), ..NewTenant::default() }).await?;
    assert_eq!(operator.keys("acme").await?.len(), 2);
    operator.revoke_key("acme", &admin_key.key_id).await?;
    for other in [operator, store.db.admin(&plain_key.key), store.db.admin("nonsense")] {
        assert!(matches!(other.tenants(TenantId(0), 1).await, Err(AdminError::Forbidden)));
        assert!(matches!(other.create_tenant(&acme()).await, Err(AdminError::Forbidden)));
        assert!(matches!(
            other.change_tenant("acme", &TenantChange::default()).await,
            Err(AdminError::Forbidden)
        ));
        assert!(matches!(other.create_key("acme", &scopes(&["admin"])).await, Err(AdminError::Forbidden)));
        assert!(matches!(other.keys("acme").await, Err(AdminError::Forbidden)));
        assert!(matches!(other.revoke_key("acme", &plain_key.key_id).await, Err(AdminError::Forbidden)));
    }
    owner.close().await;
    store.remove().await
}

#[tokio::test]
async fn the_processes_login_alone_is_no_operator() -> Done {
    let store = TestDb::create().await?;
    let admin = Admin::as_owner(&store.url_for("rad_app")).await?;
    assert!(matches!(admin.create_tenant(&acme()).await, Err(AdminError::Forbidden)));
    assert!(matches!(admin.tenants(TenantId(0), 1).await, Err(AdminError::Forbidden)));
    admin.close().await;
    let mut session = store.session_of("rad_app").await?;
    for sql in [
        "INSERT INTO tenants (name) VALUES ('mine')",
        "UPDATE tenants SET monthly_pages = NULL",
        "UPDATE api_keys SET scopes = '{admin}'",
        "SET ROLE rad_admin",
        "SELECT key_hash FROM api_keys",
    ] {
        assert!(sqlx::query(sql).execute(&mut session).await.is_err(), "{sql}");
    }
    drop(session);
    store.remove().await
}

#[tokio::test]
async fn bad_values_are_named_with_the_fix() -> Done {
    let store = TestDb::create().await?;
    let admin = Admin::as_owner(&store.owner_url).await?;
    let bad: [(&str, NewTenant); 7] = [
        ("name", NewTenant { name: "Acme Inc".to_owned(), ..acme() }),
        ("name", NewTenant { name: String::new(), ..acme() }),
        ("name", NewTenant { name: "-x".to_owned(), ..acme() }),
        ("monthly_pages", NewTenant { monthly_pages: Some(-1), ..acme() }),
        ("storage_bytes", NewTenant { storage_bytes: Some(-1), ..acme() }),
        ("max_crawlers", NewTenant { max_crawlers: Some(0), ..acme() }),
        ("weight", NewTenant { weight: Some(1001), ..acme() }),
    ];
    for (named, new) in bad {
        match admin.create_tenant(&new).await {
            Err(AdminError::Invalid { field, fix, .. }) => {
                assert!(field == named && !fix.is_empty(), "{field}");
            }
            other => panic!("{new:?}: {other:?}"),
        }
    }
    admin.create_tenant(&acme()).await?;
    for bad in [vec![], scopes(&["root"])] {
        let refused = admin.create_key("acme", &bad).await;
        assert!(matches!(refused, Err(AdminError::Invalid { field: "scopes", .. })), "{refused:?}");
    }
    admin.close().await;
    store.remove().await
}
