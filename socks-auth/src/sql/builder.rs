use std::{fmt, num::NonZeroU32, sync::Arc, time::Duration};

use socks_core::Secret;

use super::{Sql, SqlError, database::Database, error::Kind, seen::Seen, store::Inner};
use crate::{Formats, PasswordHash, VerifyPool, gate::Gate};

/// Settings of an [`Sql`].
#[derive(Clone)]
#[must_use = "a builder does nothing until it builds"]
pub struct SqlBuilder {
    url: Secret,
    query: String,
    checked_by_database: bool,
    groups_query: Option<String>,
    connections: NonZeroU32,
    waiting: usize,
    timeout: Duration,
    formats: Formats,
    like: Option<PasswordHash>,
    pool: VerifyPool,
    allow_empty_passwords: bool,
}

impl SqlBuilder {
    pub(super) fn new(url: Secret, query: String) -> Self {
        Self {
            url,
            query,
            checked_by_database: false,
            groups_query: None,
            connections: NonZeroU32::MIN.saturating_add(7),
            waiting: 256,
            timeout: Duration::from_secs(5),
            formats: Formats::new(),
            like: None,
            pool: VerifyPool::default(),
            allow_empty_passwords: false,
        }
    }

    /// The query has the password as its second parameter and answers with a boolean, such as
    /// `SELECT hash = crypt($2, hash) FROM users WHERE name = $1` with PostgreSQL's `pgcrypto`.
    /// What unknown users cost is up to the query then (`SE-32`), and the driver's copies of the
    /// password are not wiped (`UP-23`). A password that is not UTF-8, or has a NUL in it, is wrong.
    /// Off by default.
    pub fn checked_by_database(mut self, checked: bool) -> Self {
        self.checked_by_database = checked;
        self
    }

    /// The user's groups, a row for each, such as `SELECT name FROM groups WHERE member = $1`.
    /// Asked once the user is let in; at most 1024.
    pub fn groups_query(mut self, query: impl Into<String>) -> Self {
        self.groups_query = Some(query.into());
        self
    }

    /// Connections at once, 8 by default.
    pub fn connections(mut self, connections: NonZeroU32) -> Self {
        self.connections = connections;
        self
    }

    /// Logins that wait for a connection, 256 by default. Beyond that they fail at once.
    pub fn waiting(mut self, waiting: usize) -> Self {
        self.waiting = waiting;
        self
    }

    /// For each of the two queries, waiting and connecting included. 5 s by default.
    /// PostgreSQL gives a statement up at the same time; SQLite does not, so a query that takes for
    /// ever keeps its connection.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Which hashes count; by default salted ones.
    pub fn formats(mut self, formats: Formats) -> Self {
        self.formats = formats;
        self
    }

    /// A hash of the kind and cost that is usual in the database. Unknown users are checked
    /// against it until others were seen; by default against argon2id at its usual cost.
    pub fn like(mut self, hash: PasswordHash) -> Self {
        self.like = Some(hash);
        self
    }

    /// Where passwords are checked; by default a pool of its own.
    pub fn pool(mut self, pool: VerifyPool) -> Self {
        self.pool = pool;
        self
    }

    /// Lets a user in with an empty password if it is the one. Off by default (`UP-7`).
    pub fn allow_empty_passwords(mut self, allow: bool) -> Self {
        self.allow_empty_passwords = allow;
        self
    }

    /// # Errors
    ///
    /// If the URL is of no database that is known here, or there is no query. Nothing is asked
    /// yet; see [`Sql::check`].
    pub fn build(self) -> Result<Sql, SqlError> {
        let blank = |query: &String| query.trim().is_empty();
        if blank(&self.query) || self.groups_query.as_ref().is_some_and(blank) {
            return Err(Kind::Query.into());
        }
        let url = str::from_utf8(self.url.expose()).map_err(|_| Kind::Url)?;
        let database = Database::new(url, self.connections.get(), self.timeout)?;
        let running = self.connections.try_into().map_err(|_| Kind::Busy)?;
        Ok(Sql(Arc::new(Inner {
            database,
            gate: Gate::new(running, self.waiting),
            query: self.query,
            checked_by_database: self.checked_by_database,
            groups_query: self.groups_query,
            timeout: self.timeout,
            formats: self.formats,
            seen: Seen::new(self.like),
            pool: self.pool,
            allow_empty_passwords: self.allow_empty_passwords,
        })))
    }
}

// Without the queries, which may hold the key of a column.
impl fmt::Debug for SqlBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlBuilder")
            .field("connections", &self.connections)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
