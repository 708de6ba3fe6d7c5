//! A ledger with rows like real ones: some tenants, each with a crawl over many hosts.

use rad_core::ids::{HostId, JobId, TenantId};
use rad_core::scope::Scope;
use rad_core::url::CanonicalUrl;
use rad_schema::admin::{Admin, NewTenant};
use rad_schema::db::Db;
use rad_schema::jobs::NewJob;

use crate::queue::QueueError;
use crate::queue::bench::Bench;

const TENANTS: usize = 10;
const PER_HOST: i32 = 100;

/// Makes about `rows` open rows. Returns how many there are.
pub(super) async fn make(bench: &Bench, db: &Db, rows: usize) -> Result<usize, QueueError> {
    let hosts_each = (rows / TENANTS / PER_HOST.unsigned_abs() as usize).max(1);
    let mut made = 0;
    for number in 0..TENANTS {
        let tenant = tenant(&bench.owner_url(), number).await?;
        let (job, hosts) = crawl(db, tenant, number, hosts_each).await?;
        // The start URL is a row too, on the first host.
        made += 1 + db.bench_rows(tenant, job, &hosts, PER_HOST).await?;
    }
    rad_schema::bench::settle(&bench.owner_url()).await?;
    usize::try_from(made).map_err(|_| QueueError::Broken(format!("{made} rows were made")))
}

async fn tenant(owner_url: &str, number: usize) -> Result<TenantId, QueueError> {
    let admin = Admin::as_owner(owner_url).await?;
    let new = NewTenant { name: format!("bench-{number}"), ..NewTenant::default() };
    let row = admin.create_tenant(&new).await?;
    admin.close().await;
    Ok(TenantId(row.tenant_id))
}

async fn crawl(
    db: &Db,
    tenant: TenantId,
    number: usize,
    hosts: usize,
) -> Result<(JobId, Vec<HostId>), QueueError> {
    let urls: Vec<_> = (0..hosts)
        .map(|host| CanonicalUrl::parse(&format!("https://t{number}-h{host}.example/")))
        .collect::<Result<_, _>>()
        .expect("a made-up name in https is a URL");
    let keys: Vec<_> = urls.iter().map(CanonicalUrl::host_key).collect();
    let numbers = db.intern_hosts(&keys).await?;
    let ids: Vec<_> = keys.iter().filter_map(|key| numbers.get(key).copied()).collect();
    let new = NewJob {
        start: urls[0].clone(),
        scope: Scope::default(),
        priority: 5,
        max_pages: None,
        idempotency_key: None,
        trace_id: format!("{number:032x}"),
    };
    let started = db.start_job(tenant, ids[0], &new).await?;
    Ok((started.job, ids))
}
