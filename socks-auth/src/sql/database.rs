use std::{fmt, sync::OnceLock, time::Duration};

use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgPool, Row, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use super::{SqlError, error::Kind};

/// Connections to one of the databases.
pub(super) enum Database {
    Postgres(Lazy<PgConnectOptions, PgPool>),
    Sqlite(Lazy<SqliteConnectOptions, SqlitePool>),
}

/// A pool that is made with the first question, for it needs a runtime to be made in.
pub(super) struct Lazy<O, P> {
    options: O,
    connections: u32,
    timeout: Duration,
    pool: OnceLock<P>,
}

/// Reads no more than one row above the limit, whatever the query finds. The databases' types share
/// no trait that would say this in a line.
macro_rules! column {
    ($pool:expr, $query:expr, $values:expr, $limit:expr) => {{
        // What is asked is the application's own text; what a client sent is bound to it.
        let mut query = sqlx::query(AssertSqlSafe($query));
        for value in $values {
            query = query.bind((*value).to_owned());
        }
        let mut rows = query.fetch($pool);
        let mut column = Vec::new();
        while let Some(row) = rows.try_next().await? {
            column.push(row.try_get(0)?);
            if column.len() > $limit {
                break;
            }
        }
        Ok(column)
    }};
}

impl Database {
    pub(super) fn new(url: &str, connections: u32, timeout: Duration) -> Result<Self, SqlError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options: PgConnectOptions = url.parse().map_err(|_| Kind::Url)?;
            // Without TLS each login would fail for it.
            let required = !matches!(
                options.get_ssl_mode(),
                PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer
            );
            if required && !cfg!(feature = "sql-tls") {
                return Err(Kind::Tls.into());
            }
            // The server gives up as well, and not only we.
            let limit = timeout.as_millis().clamp(1, i32::MAX as u128);
            let options = options
                .options([("statement_timeout", limit)])
                .application_name("socks-auth");
            return Ok(Self::Postgres(Lazy::new(
                options.disable_statement_logging(),
                connections,
                timeout,
            )));
        }
        if url.starts_with("sqlite:") {
            let options: SqliteConnectOptions = url.parse().map_err(|_| Kind::Url)?;
            let options = options.busy_timeout(timeout).disable_statement_logging();
            return Ok(Self::Sqlite(Lazy::new(options, connections, timeout)));
        }
        Err(Kind::Url.into())
    }

    /// The first column of what `query` says about `values`.
    pub(super) async fn texts(
        &self,
        query: &str,
        values: &[&str],
        limit: usize,
    ) -> Result<Vec<Option<String>>, SqlError> {
        match self {
            Self::Postgres(lazy) => column!(lazy.pool(), query, values, limit),
            Self::Sqlite(lazy) => column!(lazy.pool(), query, values, limit),
        }
    }

    /// The same of a column of booleans.
    pub(super) async fn booleans(
        &self,
        query: &str,
        values: &[&str],
        limit: usize,
    ) -> Result<Vec<Option<bool>>, SqlError> {
        match self {
            Self::Postgres(lazy) => column!(lazy.pool(), query, values, limit),
            Self::Sqlite(lazy) => column!(lazy.pool(), query, values, limit),
        }
    }
}

impl<O, P> Lazy<O, P> {
    fn new(options: O, connections: u32, timeout: Duration) -> Self {
        Self {
            options,
            connections,
            timeout,
            pool: OnceLock::new(),
        }
    }
}

impl Lazy<PgConnectOptions, PgPool> {
    fn pool(&self) -> &PgPool {
        self.pool.get_or_init(|| {
            PgPoolOptions::new()
                .max_connections(self.connections)
                .acquire_timeout(self.timeout)
                .connect_lazy_with(self.options.clone())
        })
    }
}

impl Lazy<SqliteConnectOptions, SqlitePool> {
    fn pool(&self) -> &SqlitePool {
        self.pool.get_or_init(|| {
            SqlitePoolOptions::new()
                .max_connections(self.connections)
                .acquire_timeout(self.timeout)
                .connect_lazy_with(self.options.clone())
        })
    }
}

// Without the address, which may hold a password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres(_) => "PostgreSQL",
            Self::Sqlite(_) => "SQLite",
        })
    }
}
