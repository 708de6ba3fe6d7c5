//! What a server tells in `INFO`. Hosted servers leave parts of it out.

/// What the server says of itself; none where it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedisServer {
    /// Version, such as `7.0.15`.
    pub version: Option<String>,
    /// Its name for its present life.
    pub run_id: Option<String>,
    /// It follows another server.
    pub is_replica: Option<bool>,
    /// What happens to keys when memory is full.
    pub eviction: Option<String>,
    /// Bytes that data may take; 0 for no limit.
    pub max_memory: Option<u64>,
    /// Bytes that it takes now.
    pub used_memory: Option<u64>,
    /// It keeps an append-only file.
    pub append_only: Option<bool>,
}

impl RedisServer {
    pub(super) fn parse(info: &str) -> Self {
        let field = |name: &str| {
            let lines = info.lines().filter_map(|line| line.split_once(':'));
            lines.filter(|(key, _)| *key == name).map(|(_, value)| value.trim().to_owned()).next()
        };
        Self {
            version: field("redis_version"),
            run_id: field("run_id"),
            is_replica: field("role").map(|role| role != "master"),
            eviction: field("maxmemory_policy"),
            max_memory: field("maxmemory").and_then(|bytes| bytes.parse().ok()),
            used_memory: field("used_memory").and_then(|bytes| bytes.parse().ok()),
            append_only: field("aof_enabled").map(|enabled| enabled == "1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_by_their_whole_names() {
        let info = "# Server\r\nredis_version:7.2.4\r\nrun_id:00ff\r\n\r\n# Memory\r\nused_memory:9\r\n\
                    used_memory_human:9B\r\nmaxmemory:20\r\nmaxmemory_human:20B\r\n\
                    maxmemory_policy:allkeys-lru\r\naof_enabled:0\r\nrole:slave\r\n";
        let expected = RedisServer {
            version: Some("7.2.4".to_owned()),
            run_id: Some("00ff".to_owned()),
            is_replica: Some(true),
            eviction: Some("allkeys-lru".to_owned()),
            max_memory: Some(20),
            used_memory: Some(9),
            append_only: Some(false),
        };
        assert_eq!(RedisServer::parse(info), expected);
    }

    #[test]
    fn what_is_not_told_is_not_known() {
        assert_eq!(RedisServer::parse("# Server\r\nredis_mode:standalone\r\n"), RedisServer::default());
    }
}
