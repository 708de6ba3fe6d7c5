//! Public names, asked of the name servers directly.
//!
//! The system's resolver would read the hosts file, complete names by a search list and hide the aliases on the way.
//! Answers are kept for as long as they allow, so that a crawl of one site asks once and not once a connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use rad_core::address::forbidden_name;
use thiserror::Error;

use crate::fetch::guard::Forbidden;

/// Answers kept in memory.
const CACHED_ANSWERS: u64 = 8_192;
/// Longest time that an address is believed, whatever its owner says.
const LONGEST_TTL: Duration = Duration::from_mins(5);
/// Longest time that a missing name is believed to be missing.
const LONGEST_NEGATIVE_TTL: Duration = Duration::from_secs(30);
/// Time for one question; the connection as a whole has 5 s.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(2);
/// More addresses than this are a way to make us search for one that is not public.
const MOST_ADDRESSES: usize = 16;
/// More aliases in a row than this are a loop or a trap.
const MOST_ALIASES: usize = 8;

/// Why a name gave no addresses to judge.
#[derive(Debug, Error)]
pub(super) enum NameError {
    /// The name servers did not answer, or not as they should.
    #[error("the name servers gave no answer")]
    Asked(#[source] Box<NetError>),
    /// The answer is longer than any honest one.
    #[error("the name has too many addresses or aliases")]
    Excess,
}

/// Asks the name servers of this machine, or those that a test names.
#[derive(Clone)]
pub(super) struct Names(TokioResolver);

impl Names {
    /// None where no name server is configured.
    pub(super) fn new(servers: Option<&[SocketAddr]>) -> Option<Self> {
        let config = if let Some(servers) = servers {
            ResolverConfig::from_name_servers(servers.iter().map(server).collect())
        } else {
            let (config, _) = hickory_resolver::system_conf::read_system_conf().ok()?;
            let (_, _, servers) = config.into_parts();
            if servers.is_empty() {
                return None;
            }
            ResolverConfig::from_name_servers(servers)
        };
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        set_options(builder.options_mut());
        builder.build().ok().map(Self)
    }

    /// The addresses of a public name. A forbidden name among its aliases refuses it.
    pub(super) async fn addresses(
        &self,
        name: &str,
    ) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let mut name = Name::from_ascii(name).map_err(io::Error::other)?;
        name.set_fqdn(true);
        let (v4, v6) =
            tokio::join!(self.records(&name, RecordType::A), self.records(&name, RecordType::AAAA));
        let mut addresses = Vec::new();
        for records in [v4?, v6?] {
            addresses.extend(read(&records)?);
        }
        if addresses.len() > MOST_ADDRESSES {
            return Err(NameError::Excess.into());
        }
        Ok(addresses)
    }

    async fn records(&self, name: &Name, kind: RecordType) -> Result<Vec<Record>, NameError> {
        match self.0.lookup(name.clone(), kind).await {
            Ok(lookup) => Ok(lookup.answers().to_vec()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            // One kind that can't be had may be the one with the private address.
            Err(error) => Err(NameError::Asked(Box::new(error))),
        }
    }
}

fn read(records: &[Record]) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let mut addresses = Vec::new();
    let mut aliases = 0;
    for record in records {
        match &record.data {
            RData::A(address) => addresses.push(IpAddr::V4(address.0)),
            RData::AAAA(address) => addresses.push(IpAddr::V6(address.0)),
            RData::CNAME(target) if forbidden_name(&target.0.to_ascii()) => {
                return Err(Forbidden::Name.into());
            }
            RData::CNAME(_) => aliases += 1,
            _ => {}
        }
    }
    if aliases > MOST_ALIASES { Err(NameError::Excess.into()) } else { Ok(addresses) }
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}

fn set_options(options: &mut ResolverOpts) {
    options.ndots = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = QUESTION_TIMEOUT;
    // One more try: two take 4 s of the connection's 5.
    options.attempts = 1;
    options.cache_size = CACHED_ANSWERS;
    options.positive_max_ttl = Some(LONGEST_TTL);
    options.negative_max_ttl = Some(LONGEST_NEGATIVE_TTL);
    options.preserve_intermediates = true;
}
