//! Which server serves which slots, as one server of the cluster sees it.

use redis::aio::MultiplexedConnection;
use redis::{ConnectionInfo, ErrorKind, FromRedisValue, RedisError, RedisResult, Value};

use super::servers::at;

/// Slots with the servers that have them.
#[derive(Clone, Debug)]
pub(crate) struct ServedBy {
    first: u16,
    last: u16,
    /// The server that takes writes.
    pub(crate) master: ConnectionInfo,
    /// Those that follow it and are not known to have failed.
    pub(crate) replicas: Vec<ConnectionInfo>,
}

/// All slots that are served.
#[derive(Clone, Debug)]
pub(crate) struct Topology {
    ranges: Vec<ServedBy>,
}

impl Topology {
    /// What `server`, the one behind `connection`, knows.
    pub(crate) async fn ask(
        server: &ConnectionInfo,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<Self> {
        let answer: Value = redis::cmd("CLUSTER").arg("SLOTS").query_async(connection).await?;
        Self::read(server, answer)
    }

    fn read(server: &ConnectionInfo, answer: Value) -> RedisResult<Self> {
        let ranges = array(answer)?.map(|row| range(server, row));
        Ok(Self { ranges: ranges.collect::<RedisResult<Vec<_>>>()?.into_iter().flatten().collect() })
    }

    /// The master that serves `slot`.
    pub(crate) fn master_of(&self, slot: u16) -> Option<&ConnectionInfo> {
        let range = self.ranges.iter().find(|range| (range.first..=range.last).contains(&slot))?;
        Some(&range.master)
    }

    /// Each master once, with its replicas.
    pub(crate) fn masters(&self) -> Vec<&ServedBy> {
        let mut masters: Vec<&ServedBy> = Vec::new();
        for range in &self.ranges {
            if masters.iter().all(|known| known.master.addr() != range.master.addr()) {
                masters.push(range);
            }
        }
        masters
    }

    /// The slots of each master, in the order of their first ones.
    pub(crate) fn parts(&self) -> Vec<Vec<(u16, u16)>> {
        let mut ranges: Vec<&ServedBy> = self.ranges.iter().collect();
        ranges.sort_unstable_by_key(|range| range.first);
        let mut parts: Vec<(&ConnectionInfo, Vec<(u16, u16)>)> = Vec::new();
        for range in ranges {
            let slots = (range.first, range.last);
            match parts.iter_mut().find(|(master, _)| master.addr() == range.master.addr()) {
                Some((_, part)) => part.push(slots),
                None => parts.push((&range.master, vec![slots])),
            }
        }
        parts.into_iter().map(|(_, part)| part).collect()
    }

    /// All servers, masters first.
    pub(crate) fn servers(&self) -> Vec<ConnectionInfo> {
        let masters = self.masters();
        let replicas = masters.iter().flat_map(|served| &served.replicas);
        masters.iter().map(|served| &served.master).chain(replicas).cloned().collect()
    }
}

/// One row: first slot, last slot, and the servers with the master first. None where the cluster does not tell
/// where the master is.
fn range(asked: &ConnectionInfo, row: Value) -> RedisResult<Option<ServedBy>> {
    let mut fields = array(row)?;
    let (first, last) = (number(fields.next())?, number(fields.next())?);
    let servers = fields.map(|server| located(asked, server)).collect::<RedisResult<Vec<_>>>()?;
    let mut servers = servers.into_iter();
    let master = servers.next().ok_or_else(unread)?;
    Ok(master.map(|master| ServedBy { first, last, master, replicas: servers.flatten().collect() }))
}

fn located(asked: &ConnectionInfo, server: Value) -> RedisResult<Option<ConnectionInfo>> {
    let mut fields = array(server)?;
    let host: Option<String> = FromRedisValue::from_redis_value(fields.next().ok_or_else(unread)?)?;
    Ok(at(asked, host.as_deref().unwrap_or_default(), number(fields.next())?))
}

fn array(value: Value) -> RedisResult<std::vec::IntoIter<Value>> {
    let Value::Array(values) = value else { return Err(unread()) };
    Ok(values.into_iter())
}

fn number(value: Option<Value>) -> RedisResult<u16> {
    Ok(u16::from_redis_value(value.ok_or_else(unread)?)?)
}

fn unread() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "CLUSTER SLOTS can't be read").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::named;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn server(host: Value, port: i64) -> Value {
        Value::Array(vec![host, Value::Int(port), text("id"), Value::Array(Vec::new())])
    }

    fn row(first: i64, last: i64, servers: Vec<Value>) -> Value {
        Value::Array([Value::Int(first), Value::Int(last)].into_iter().chain(servers).collect())
    }

    fn read(rows: Vec<Value>) -> RedisResult<Topology> {
        Topology::read(&named("redis://seed:1")?[0], Value::Array(rows))
    }

    fn address(server: Option<&ConnectionInfo>) -> Option<String> {
        server.map(|server| server.addr().to_string())
    }

    #[test]
    fn a_slot_is_served_by_the_first_server_of_its_row() {
        let topology = read(vec![
            row(0, 99, vec![server(text("a"), 1), server(text("b"), 2)]),
            row(100, 16_383, vec![server(text("c"), 3)]),
        ])
        .unwrap();
        assert_eq!(address(topology.master_of(99)).as_deref(), Some("a:1"));
        assert_eq!(address(topology.master_of(100)).as_deref(), Some("c:3"));
        let servers: Vec<_> = topology.servers().iter().map(|server| server.addr().to_string()).collect();
        assert_eq!(servers, ["a:1", "c:3", "b:2"]);
    }

    #[test]
    fn a_master_of_several_ranges_is_named_once() {
        let rows = [(0, 9), (20, 29)].map(|(first, last)| row(first, last, vec![server(text("a"), 1)]));
        let topology = read(rows.to_vec()).unwrap();
        assert_eq!(topology.masters().len(), 1);
        assert!(topology.master_of(15).is_none());
    }

    #[test]
    fn a_host_that_is_not_told_is_the_one_asked_and_an_unknown_one_nobody() {
        for host in [Value::Nil, text("")] {
            let topology = read(vec![row(0, 9, vec![server(host, 7)])]).unwrap();
            assert_eq!(address(topology.master_of(0)).as_deref(), Some("seed:7"));
        }
        let topology = read(vec![row(0, 9, vec![server(text("?"), 7)])]).unwrap();
        assert!(topology.master_of(0).is_none());
    }

    #[test]
    fn anything_else_is_an_error() {
        for rows in [vec![Value::Int(1)], vec![row(0, 9, vec![Value::Nil])], vec![row(0, 99_999, Vec::new())]]
        {
            assert!(read(rows.clone()).is_err(), "{rows:?}");
        }
    }
}
