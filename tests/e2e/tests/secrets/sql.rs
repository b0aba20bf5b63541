//! Users of an SQL database, and databases that fail.

use std::time::Duration;

use socks_auth::{Formats, Sql, SqlBuilder};
use tokio::time;

use crate::row::{PASSWORD, Row, Shown, WRONG};

/// Of [`PASSWORD`].
const HASH: &str = "{SHA}3WBs1Ju70GtMJgb8JEn4+4eXV4Y=";
const URL: &str = "sqlite::memory:";

pub(crate) fn rows() -> Vec<Row> {
    [
        Row::new("users of an SQL database", users)
            .logs("user=alice")
            .logs("end=\"rejected\""),
        Row::new("an SQL database that fails", failing)
            .logs("end=\"authenticator_failed\"")
            .logs("the database refused")
            .logs("expected one row")
            .logs("expected a boolean")
            .logs("the database did not answer in time"),
        Row::new("an SQL database that is set up wrongly", wrong),
    ]
    .map(|row| row.secret(&HASH[5..]))
    .into()
}

async fn log_in(shown: &mut Shown, builder: SqlBuilder, password: &str, right: bool) {
    shown.debug(&builder);
    let users = builder.build().unwrap();
    shown.debug(&users);
    shown.log_in(users, password, right).await;
}

/// The queries hold secrets as well: a hash here, the key of a column elsewhere.
async fn users(shown: &mut Shown) {
    // A thread of SQLite's knows nothing of a clock that stands still.
    time::resume();
    for (password, right) in [(PASSWORD, true), (WRONG, false)] {
        let stored = format!("SELECT '{HASH}' WHERE $1 = 'alice'");
        let users = Sql::builder(URL.into(), stored).formats(Formats::new().sha1(true));
        log_in(shown, users, password, right).await;
        let judged = format!("SELECT $1 = 'alice' AND $2 = '{PASSWORD}'");
        let users = Sql::builder(URL.into(), judged).checked_by_database(true);
        log_in(shown, users, password, right).await;
    }
    time::pause();
}

async fn failing(shown: &mut Shown) {
    time::resume();
    for query in ["SELEKT $1", "SELECT $1 UNION SELECT 'x'"] {
        let users = Sql::builder(URL.into(), query);
        log_in(shown, users, PASSWORD, false).await;
    }
    for query in [
        "SELECT json($2) WHERE $1 = 'alice'",
        "SELECT NULL WHERE $1 <> $2",
    ] {
        let users = Sql::builder(URL.into(), query).checked_by_database(true);
        log_in(shown, users, PASSWORD, false).await;
    }
    let url = format!("postgres://alice:{PASSWORD}@127.0.0.1:1/users");
    // It tries again as long as it may.
    let users = Sql::builder(url.as_str().into(), "SELECT $1").timeout(Duration::from_millis(10));
    log_in(shown, users, PASSWORD, false).await;
    time::pause();
}

async fn wrong(shown: &mut Shown) {
    let query = "SELECT $1";
    for (url, query) in [
        (format!("mysql://alice:{PASSWORD}@localhost/users"), query),
        (format!("postgres://alice:{PASSWORD}@[::/users"), query),
        (
            format!("postgres://alice:{PASSWORD}@localhost/?sslmode={WRONG}"),
            query,
        ),
        (format!("sqlite:x?mode={PASSWORD}"), query),
        (format!("postgres://alice:{PASSWORD}@localhost/users"), " "),
    ] {
        let builder = Sql::builder(url.as_str().into(), query);
        shown.debug(&builder);
        shown.error(&builder.build().unwrap_err());
    }
}
