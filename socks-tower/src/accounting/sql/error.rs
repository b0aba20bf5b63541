use std::{error::Error, fmt, io};

/// Why events cannot be written to a database.
///
/// Of what the database said it shows the code alone: its message may repeat what it was asked, and
/// where (`SE-34`).
#[derive(Debug)]
pub struct SqlAccountError(Kind);

pub(super) enum Kind {
    Url,
    Table,
    Thread(io::Error),
    Timeout,
    Database(sqlx::Error),
}

impl From<Kind> for SqlAccountError {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

impl From<sqlx::Error> for SqlAccountError {
    fn from(error: sqlx::Error) -> Self {
        Self(Kind::Database(error))
    }
}

impl fmt::Display for SqlAccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Url => f.write_str("expected a URL postgres://… or sqlite://…"),
            Kind::Table => f.write_str("expected a table's name of letters, digits, _ and one dot"),
            Kind::Thread(_) => f.write_str("no thread for the database"),
            Kind::Timeout | Kind::Database(sqlx::Error::PoolTimedOut) => {
                f.write_str("the database did not answer in time")
            }
            Kind::Database(error) => database(error, f),
        }
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
        sqlx::Error::Configuration(_) => f.write_str("the database's settings do not work"),
        _ => f.write_str("the database failed"),
    }
}

// Nothing of what the database said, for the reason above.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => "Url",
            Self::Table => "Table",
            Self::Thread(_) => "Thread",
            Self::Timeout => "Timeout",
            Self::Database(_) => "Database",
        })
    }
}

impl Error for SqlAccountError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Thread(error) => Some(error),
            _ => None,
        }
    }
}
