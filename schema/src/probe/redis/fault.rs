//! Why Redis does not do what was asked, as far as the remedies differ.

use redis::{ErrorKind, RedisError};
use thiserror::Error;

/// Something that Redis refuses, or can't be asked.
#[derive(Debug, Error)]
pub enum RedisFault {
    /// The text can't be read as a URL of Redis.
    #[error("it is not a Redis URL")]
    NotAUrl(#[source] RedisError),
    /// Nobody answers there, or the name is unknown.
    #[error("the server can't be reached")]
    Unreachable(#[source] RedisError),
    /// User or password.
    #[error("the login is refused")]
    Login(#[source] RedisError),
    /// It reads its data from disk and takes no commands yet.
    #[error("the server is loading its data")]
    Loading(#[source] RedisError),
    /// It has no memory left for a write.
    #[error("the server is out of memory")]
    OutOfMemory(#[source] RedisError),
    /// It is a replica.
    #[error("the server is a read-only replica")]
    ReadOnly(#[source] RedisError),
    /// It wants more replicas before it takes a write.
    #[error("the server refuses writes for lack of replicas")]
    NoReplicas(#[source] RedisError),
    /// It can't save, and takes no writes before it can.
    #[error("the server refuses writes because it can't save")]
    CannotSave(#[source] RedisError),
    /// The user lacks a right.
    #[error("the user may not do this")]
    Forbidden(#[source] RedisError),
    /// Another server of the cluster serves the keys.
    #[error("another server of the cluster serves the shard")]
    Elsewhere(#[source] RedisError),
    /// The cluster takes no commands, or nobody in it serves the shard.
    #[error("the cluster is down")]
    ClusterDown(#[source] RedisError),
    /// Several servers are named that are no cluster.
    #[error("several servers are named, but one is not part of a cluster")]
    NoCluster(#[source] RedisError),
    /// Anything else.
    #[error("the server refuses")]
    Refused(#[source] RedisError),
}

impl RedisFault {
    /// The cause in the words of server or system; without secrets.
    pub fn said(&self) -> String {
        let source = match self {
            Self::NotAUrl(source)
            | Self::Unreachable(source)
            | Self::Login(source)
            | Self::Loading(source)
            | Self::OutOfMemory(source)
            | Self::ReadOnly(source)
            | Self::NoReplicas(source)
            | Self::CannotSave(source)
            | Self::Forbidden(source)
            | Self::Elsewhere(source)
            | Self::ClusterDown(source)
            | Self::NoCluster(source)
            | Self::Refused(source) => source,
        };
        match (source.code(), source.detail()) {
            (Some(code), Some(detail)) => format!("{code} {detail}"),
            (None, Some(detail)) => detail.to_owned(),
            _ => source.to_string(),
        }
    }
}

impl From<RedisError> for RedisFault {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Io => return Self::Unreachable(error),
            ErrorKind::AuthenticationFailed => return Self::Login(error),
            ErrorKind::InvalidClientConfig => return Self::NotAUrl(error),
            _ => {}
        }
        match error.code().unwrap_or_default() {
            "NOAUTH" | "WRONGPASS" => Self::Login(error),
            "LOADING" => Self::Loading(error),
            "OOM" => Self::OutOfMemory(error),
            "READONLY" => Self::ReadOnly(error),
            "NOREPLICAS" => Self::NoReplicas(error),
            "MISCONF" => Self::CannotSave(error),
            "NOPERM" => Self::Forbidden(error),
            "MOVED" | "ASK" | "TRYAGAIN" | "CROSSSLOT" => Self::Elsewhere(error),
            "CLUSTERDOWN" => Self::ClusterDown(error),
            _ => Self::Refused(error),
        }
    }
}
