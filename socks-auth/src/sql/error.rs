use std::{error::Error, fmt};

use crate::{PasswordHashError, VerifyPoolError};

/// Why a database could not tell, or cannot be asked.
///
/// Of what the database said it shows the code alone (SQLSTATE, or SQLite's number): its message
/// may repeat what it was asked, a password included (`SE-34`).
#[derive(Debug)]
pub struct SqlError(Kind);

pub(super) enum Kind {
    Url,
    Tls,
    Query,
    Busy,
    Timeout,
    Database(sqlx::Error),
    Ambiguous,
    TooManyGroups,
    NoBoolean,
    Hash(PasswordHashError),
    Verify(VerifyPoolError),
}

impl SqlError {
    /// Whether as many logins were under way and waiting as may.
    pub fn is_busy(&self) -> bool {
        match &self.0 {
            Kind::Busy => true,
            Kind::Verify(error) => error.is_busy(),
            _ => false,
        }
    }

    /// Whether it is about a query of the application's, as it was set up.
    pub fn is_query(&self) -> bool {
        matches!(self.0, Kind::Query)
    }

    /// Whether the database took too long.
    pub fn is_timeout(&self) -> bool {
        matches!(
            self.0,
            Kind::Timeout | Kind::Database(sqlx::Error::PoolTimedOut)
        )
    }
}

impl From<Kind> for SqlError {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

impl From<sqlx::Error> for SqlError {
    fn from(error: sqlx::Error) -> Self {
        Self(Kind::Database(error))
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = match &self.0 {
            Kind::Url => "expected a URL postgres://… or sqlite://…",
            Kind::Tls => "expected a URL whose sslmode does without TLS, or the feature sql-tls",
            Kind::Query => "expected a query",
            Kind::Busy => "too many logins wait for the database",
            Kind::Timeout | Kind::Database(sqlx::Error::PoolTimedOut) => {
                "the database did not answer in time"
            }
            Kind::Database(error) => return database(error, f),
            Kind::Ambiguous => "expected one row for a user at most",
            Kind::TooManyGroups => "expected at most 1024 groups for a user",
            Kind::NoBoolean => "expected a boolean that is not null",
            Kind::Hash(error) => return error.fmt(f),
            Kind::Verify(error) => return error.fmt(f),
        };
        f.write_str(message)
    }
}

fn database(error: &sqlx::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        sqlx::Error::Database(error) => {
            f.write_str("the database refused")?;
            match error.code() {
                Some(code) => write!(f, ", code {}", code.escape_debug()),
                None => Ok(()),
            }
        }
        sqlx::Error::Io(error) => write!(f, "the database cannot be reached: {}", error.kind()),
        sqlx::Error::Tls(_) => f.write_str("no TLS connection to the database"),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
            f.write_str("expected another type in the first column of the query")
        }
        sqlx::Error::Configuration(_) => f.write_str("the database's settings do not work"),
        _ => f.write_str("the database failed"),
    }
}

// Nothing of what the database said, for the reason above.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => "Url",
            Self::Tls => "Tls",
            Self::Query => "Query",
            Self::Busy => "Busy",
            Self::Timeout => "Timeout",
            Self::Database(_) => "Database",
            Self::Ambiguous => "Ambiguous",
            Self::TooManyGroups => "TooManyGroups",
            Self::NoBoolean => "NoBoolean",
            Self::Hash(_) => "Hash",
            Self::Verify(_) => "Verify",
        })
    }
}

impl Error for SqlError {}
