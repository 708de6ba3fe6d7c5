//! What the dispatch window says of workers and their leases, and what it can be told behind everybody's back.

use anyhow::{Context, Result, ensure};
use rad_core::ids::Incarnation;
use rad_loadtest::fleet::Fleet;
use rad_schema::keys::ShardKeys;
use rad_schema::window::{Dispatch, Window};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::proof::reader;

/// The window as it is open now.
pub(crate) async fn window(fleet: &Fleet) -> Result<Window> {
    let shard = reader(fleet).await?.shard().await?.context("no window was opened yet")?;
    Ok(Dispatch::connect(&fleet.redis_url()).await?.window(shard.generation))
}

/// The present life of the worker called `name`.
pub(crate) async fn incarnation(fleet: &Fleet, name: &str) -> Result<Incarnation> {
    let lives = fleet.api().workers().await?;
    let newest = lives.iter().filter(|life| life.worker_id == name).map(|life| life.incarnation).max();
    newest.map(Incarnation).with_context(|| format!("no worker {name}"))
}

/// The index and incarnation of the fleet's worker that holds most leases.
pub(crate) async fn busiest(fleet: &Fleet) -> Result<(usize, Incarnation)> {
    let window = window(fleet).await?;
    let mut found = None;
    for index in 0..fleet.workers() {
        let life = incarnation(fleet, fleet.worker_name(index)).await?;
        found = found.max(Some((window.leases_of(life).await?, index, life.0)));
    }
    let (leases, index, life) = found.context("there are no workers")?;
    ensure!(leases > 0, "nobody holds a lease");
    Ok((index, Incarnation(life)))
}

/// Sends one command to the fleet's Redis and returns the beginning of the answer.
pub(crate) async fn tell(fleet: &Fleet, command: &str) -> Result<String> {
    let url = fleet.redis_url();
    let socket = url.strip_prefix("redis+unix://").and_then(|rest| rest.split('?').next());
    let mut stream = UnixStream::connect(socket.context("private stores listen on a socket")?).await?;
    stream.write_all(format!("{command}\r\n").as_bytes()).await?;
    let mut answer = vec![0; 16 * 1024];
    let read = stream.read(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
}

/// The hash of the window's generation.
pub(crate) fn meta() -> String {
    ShardKeys::new(rad_schema::layout::ShardPlace::only()).meta()
}
