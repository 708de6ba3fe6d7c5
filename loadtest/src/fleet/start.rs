//! The steps of a start, in their order.

use std::time::{Duration, Instant};

use rad_core::ids::TenantId;
use rad_schema::db::{Db, DbError};
use rad_schema::process::{self, OpenError};

use super::api::Api;
use super::error::StartError;
use super::request::Requester;
use super::scheduler::Scheduler;
use super::stores::Stores;
use super::{Fleet, FleetOptions, folder, orphans};

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
    let (api, key, schedulers) = match control_plane(&stores, &options, tell).await {
        Ok(started) => started,
        Err(error) => {
            // Servers that were adopted don't end with us. The first error is the one to tell.
            let _ = stores.stop().await;
            return Err(error);
        }
    };
    let workers = Vec::with_capacity(options.workers);
    let mut fleet = Fleet { workers, schedulers, api, key, stores, options, before: 0, _folder: lock };
    match stage(tell, Stage::Workers, fleet.first_workers()).await {
        Ok(()) => Ok(fleet),
        Err(error) => {
            let _ = fleet.stop().await;
            Err(error)
        }
    }
}

/// Everything that stands between stores and workers.
async fn control_plane(
    stores: &Stores,
    options: &FleetOptions,
    tell: Tell<'_>,
) -> Result<(Api, String, Vec<Scheduler>), StartError> {
    stage(tell, Stage::Migrations, rad_schema::migrate::run(&stores.owner_url())).await?;
    check(stores).await?;
    let (tenant, key) = stage(tell, Stage::Tenant, tenant(stores, options)).await?;
    let schedulers = stage(tell, Stage::Schedulers, schedulers(stores, options)).await?;
    let origins = schedulers.iter().map(|scheduler| scheduler.origin().to_owned()).collect();
    let api = Api::new(Requester::new(origins), tenant, key.clone());
    Ok((api, key, schedulers))
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

/// The tenant of the earlier key, or a new key of the tenant asked for.
async fn tenant(stores: &Stores, options: &FleetOptions) -> Result<(TenantId, String), StartError> {
    let failed = |doing| move |source| StartError::Postgres { doing, source };
    if let Some(key) = &options.key
        && let Some(tenant) =
            owner_of(stores, key).await.map_err(failed("look up the key of the earlier run"))?
    {
        return Ok((tenant, key.clone()));
    }
    rad_schema::tenants::create(&stores.owner_url(), &options.tenant, None)
        .await
        .map_err(failed("make the tenant and its key"))
}

async fn owner_of(stores: &Stores, key: &str) -> Result<Option<TenantId>, DbError> {
    let db = Db::connect(&stores.database_url(), 1, "rad-fleet").await?;
    let caller = db.caller(key).await;
    db.close().await;
    Ok(caller?.map(|caller| caller.tenant))
}

async fn schedulers(stores: &Stores, options: &FleetOptions) -> Result<Vec<Scheduler>, StartError> {
    let mut all = Vec::new();
    for number in 1..=options.schedulers.max(1) {
        all.push(Scheduler::start(number, stores, options).await?);
    }
    Ok(all)
}
