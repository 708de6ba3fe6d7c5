//! Whether a URL of Postgres can be read, and leads to a database.

use rad_schema::probe::{PostgresAddress, PostgresFault, PostgresProbe};

use crate::doctor::patience;
use crate::doctor::row::{Check, Row};

/// A setting that holds a URL of Postgres, and the checks of it.
pub(in crate::doctor) struct Place {
    /// The URL can be read.
    pub(in crate::doctor) url: Check,
    /// It leads to a database that lets us in.
    pub(in crate::doctor) reach: Check,
    /// Name of the setting.
    pub(in crate::doctor) setting: &'static str,
    /// A value that it might have.
    pub(in crate::doctor) example: &'static str,
}

impl Place {
    /// Rows of both checks, and a session if there is one.
    pub(in crate::doctor) async fn enter(&self, url: Option<&str>) -> (Vec<Row>, Option<PostgresProbe>) {
        let set = format!("{}={}", self.setting, self.example);
        let Some(url) = url else {
            let missing = self.url.fail(format!("{} is not set", self.setting), set);
            return (vec![missing, self.reach.skip(format!("{} is not set", self.setting))], None);
        };
        let address = match PostgresAddress::parse(url) {
            Ok(address) => address,
            Err(fault) => {
                let unread = self.url.fail(failed(&fault), set);
                let skipped = self.reach.skip(format!("{} can't be read", self.setting));
                return (vec![unread, skipped], None);
            }
        };
        let PostgresAddress { host, port, role, database } = &address;
        let read = self.url.ok(format!("role {role}, database {database} on {host}, port {port}"));
        let (reached, probe) = match patience::answer(PostgresProbe::connect(url)).await {
            Some(Ok(probe)) => (self.reach.ok("the login is accepted"), Some(probe)),
            Some(Err(fault)) => (self.reach.fail(failed(&fault), self.remedy(&fault, &address)), None),
            None => (self.reach.fail(patience::silence(), self.unreachable(&address)), None),
        };
        (vec![read, reached], probe)
    }

    fn remedy(&self, fault: &PostgresFault, address: &PostgresAddress) -> String {
        let PostgresAddress { role, database, .. } = address;
        match fault {
            PostgresFault::NotAUrl(_) => format!("{}={}", self.setting, self.example),
            PostgresFault::Unreachable(_) | PostgresFault::Silent => self.unreachable(address),
            PostgresFault::Tls(_) => format!(
                "let sslmode in {} fit the server: verify-full for hosted ones, disable for one without TLS",
                self.setting
            ),
            PostgresFault::Login(_) => format!(
                "set role and password in {} to those of the server, or as its owner: \
                 ALTER ROLE {role} LOGIN PASSWORD '...'; pg_hba.conf must let the role in from here",
                self.setting
            ),
            PostgresFault::NoDatabase(_) => {
                format!("correct the name in {}, or: createdb {database}, then rad migrate", self.setting)
            }
            PostgresFault::Crowded(_) => {
                "raise max_connections, or lower RAD_DB_CONNECTIONS or the number of workers".to_owned()
            }
            PostgresFault::NotReady(_) => {
                "wait until the server has started; its log says what it does".to_owned()
            }
            PostgresFault::Forbidden(_) => {
                format!("as its owner: GRANT CONNECT ON DATABASE {database} TO {role}")
            }
            PostgresFault::Missing(_) | PostgresFault::Refused(_) => {
                "the server's log says more about this session".to_owned()
            }
        }
    }

    fn unreachable(&self, address: &PostgresAddress) -> String {
        let PostgresAddress { host, port, .. } = address;
        format!(
            "check the host in {}, that the server runs, and firewalls between: pg_isready -h {host} -p {port}",
            self.setting
        )
    }
}

/// A fault with its cause.
pub(in crate::doctor) fn failed(fault: &PostgresFault) -> String {
    format!("{fault}: {}", fault.said())
}
