//! The steps of a start, in their order.

use std::time::{Duration, Instant};

use rad_core::ids::TenantId;
use rad_schema::admin::NewKey;
use rad_schema::db::{Db, DbError};
use rad_schema::process::{self, OpenError};
use rad_schema::tenants::KeyError;

use super::error::StartError;
use super::operator::{self, Operator};
use super::scheduler::Scheduler;
use super::stores::Stores;
use super::tenant::TenantApi;
use super::{Fleet, FleetOptions, folder, orphans};
use crate::client::{Api, Requester};

/// A part of the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Private stores start; given ones need nothing.
    Stores,
    /// The schema is brought up to date.
    Migrations,
    /// The tenant and its key are made or found.
    Tenant,
    /// Schedulers start.
    Schedulers,
    /// Workers start and register.
    Workers,
}

/// How a start goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Processes of an earlier, killed fleet were ended first: this many.
    Orphans(usize),
    /// A part begins.
    Begins(Stage),
    /// A part took this long.
    Done(Stage, Duration),
}

type Tell<'a> = &'a mut (dyn FnMut(News) + Send);

pub(super) async fn start(mut options: FleetOptions, tell: Tell<'_>) -> Result<Fleet, StartError> {
    let lock = folder::lock(&options.dir)?;
    let unusable = |source| StartError::Folder { path: options.dir.clone(), source };
    let dir = options.dir.canonicalize().map_err(unusable)?;
    let ended = orphans::end(&dir).await.map_err(unusable)?;
    if ended > 0 {
        tell(News::Orphans(ended));
    }
    options.dir = dir;

    let stores = open_stores(&options, tell).await?;
    let plane = match control_plane(&stores, &options, tell).await {
        Ok(started) => started,
        Err(error) => {
            // Servers that were adopted don't end with us. The first error is the one to tell.
            let _ = stores.stop().await;
            return Err(error);
        }
    };
    let workers = Vec::with_capacity(options.workers);
    let ControlPlane { api, key, operator, schedulers } = plane;
    let mut fleet =
        Fleet { workers, schedulers, api, key, operator, stores, options, before: 0, _folder: lock };
    match stage(tell, Stage::Workers, fleet.first_workers()).await {
        Ok(()) => Ok(fleet),
        Err(error) => {
            let _ = fleet.stop().await;
            Err(error)
        }
    }
}

/// Everything that stands between stores and workers.
struct ControlPlane {
    api: TenantApi,
    key: String,
    operator: Operator,
    schedulers: Vec<Scheduler>,
}

async fn control_plane(
    stores: &Stores,
    options: &FleetOptions,
    tell: Tell<'_>,
) -> Result<ControlPlane, StartError> {
    stage(tell, Stage::Migrations, rad_schema::migrate::run(&stores.owner_url())).await?;
    check(stores).await?;
    let (tenant, key, operator_key) = stage(tell, Stage::Tenant, tenants(stores, options)).await?;
    let schedulers = stage(tell, Stage::Schedulers, schedulers(stores, options)).await?;
    let origins = schedulers.iter().map(|scheduler| scheduler.origin().to_owned()).collect();
    let requester = Requester::new(origins)?;
    let operator = Operator::new(requester.clone(), operator_key);
    let api = TenantApi::new(Api::over(requester, key.clone()), tenant);
    Ok(ControlPlane { api, key, operator, schedulers })
}

async fn stage<T, E: Into<StartError>>(
    tell: Tell<'_>,
    stage: Stage,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, StartError> {
    tell(News::Begins(stage));
    let began = Instant::now();
    let done = work.await.map_err(Into::into)?;
    tell(News::Done(stage, began.elapsed()));
    Ok(done)
}

async fn open_stores(options: &FleetOptions, tell: Tell<'_>) -> Result<Stores, StartError> {
    let opening = Stores::open(&options.dir, &options.stores);
    match &options.stores {
        super::StoresChoice::Private(_) => stage(tell, Stage::Stores, opening).await,
        super::StoresChoice::Given { .. } => Ok(opening.await?),
    }
}

/// Every process checks the same at its start; here the answer is an error and not a line in a log.
async fn check(stores: &Stores) -> Result<(), OpenError> {
    let (db, _) = process::open_stores(&stores.database_url(), &stores.redis_url(), 1, "rad-fleet").await?;
    db.close().await;
    Ok(())
}

/// The fleet's tenant with its key, and a key of the operator.
async fn tenants(stores: &Stores, options: &FleetOptions) -> Result<(TenantId, String, NewKey), StartError> {
    let (tenant, key) = tenant(stores, options).await?;
    let operator = operator::create_key(&stores.owner_url()).await;
    let operator =
        operator.map_err(|source| StartError::Operator { doing: "make the operator's key", source })?;
    Ok((tenant, key, operator))
}

/// The tenant of the earlier key, or a new key of the tenant asked for.
async fn tenant(stores: &Stores, options: &FleetOptions) -> Result<(TenantId, String), StartError> {
    if let Some(key) = &options.key
        && let Some(tenant) = owner_of(stores, key)
            .await
            .map_err(|source| StartError::Postgres { doing: "look up the key of the earlier run", source })?
    {
        return Ok((tenant, key.clone()));
    }
    rad_schema::tenants::create(&stores.owner_url(), &options.tenant, None)
        .await
        .map_err(|source| StartError::Operator { doing: "make the tenant and its key", source })
}

async fn owner_of(stores: &Stores, key: &str) -> Result<Option<TenantId>, DbError> {
    let db = Db::connect(&stores.database_url(), 1, "rad-fleet").await?;
    let caller = db.caller(key).await;
    db.close().await;
    match caller {
        Ok(caller) => Ok(Some(caller.tenant)),
        Err(KeyError::Store(error)) => Err(error),
        Err(KeyError::Malformed | KeyError::Unknown | KeyError::Revoked) => Ok(None),
    }
}

async fn schedulers(stores: &Stores, options: &FleetOptions) -> Result<Vec<Scheduler>, StartError> {
    let mut all = Vec::new();
    for number in 1..=options.schedulers.max(1) {
        all.push(Scheduler::start(number, stores, options).await?);
    }
    Ok(all)
}
