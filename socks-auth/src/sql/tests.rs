//! Against SQLite. The interoperability suite asks PostgreSQL.

use std::{
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use socks_core::{
    Method, Secret, UserName,
    message::{
        AuthRequest, Authentication, ConnInfo, Credentials, Endpoint, Identity, SessionId, Version,
    },
};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;
use tower::ServiceExt;

use super::{Sql, SqlBuilder, SqlError, seen::Seen};
use crate::{BoxError, Formats, VerifyPool, password_hash::work};

/// Of "correct horse".
const APR1: &str = "$apr1$/XPkTXbz$MMXnONMSMRobZ2gBrx4EC/";
const MD5: &str = "$1$abcdefgh$y6iHhJNbuC0xpbk0w9pm80";
/// Of an empty password.
const EMPTY: &str = "$apr1$LOfNeJok$7bLXp1cMH8ZMLT5L.Ab.c.";

const QUERY: &str = "SELECT hash FROM users WHERE name = $1";
const GROUPS: &str = "SELECT name FROM groups WHERE member = $1 ORDER BY name";

struct Database {
    folder: TempDir,
}

impl Database {
    async fn new() -> Self {
        let database = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        database
            .execute(
                "CREATE TABLE users (name TEXT, hash TEXT, word TEXT);
                 CREATE TABLE groups (name TEXT, member TEXT);
                 INSERT INTO groups VALUES ('staff', 'alice'), ('admin', 'alice'), (NULL, 'alice');",
            )
            .await;
        for (name, hash) in [
            ("alice", Some(APR1)),
            ("guest", Some(EMPTY)),
            ("null", None),
            ("locked", Some("!$apr1$/XPkTXbz$MMXnONMSMRobZ2gBrx4EC/")),
            ("broken", Some("hunter2")),
            ("twice", Some(APR1)),
            ("twice", Some(APR1)),
        ] {
            database.insert(name, hash).await;
        }
        database
    }

    fn url(&self, mode: &str) -> String {
        let path = self.folder.path().join("users.db");
        format!("sqlite://{}?mode={mode}", path.display())
    }

    async fn connect(&self) -> SqliteConnection {
        SqliteConnection::connect(&self.url("rwc")).await.unwrap()
    }

    async fn execute(&self, sql: &'static str) {
        let mut connection = self.connect().await;
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn insert(&self, name: &str, hash: Option<&str>) {
        let mut connection = self.connect().await;
        sqlx::query("INSERT INTO users VALUES ($1, $2, 'correct horse')")
            .bind(name.to_owned())
            .bind(hash.map(str::to_owned))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    fn builder(&self, query: &str) -> SqlBuilder {
        Sql::builder(self.url("ro").as_str().into(), query)
    }

    fn users(&self) -> Sql {
        self.builder(QUERY).groups_query(GROUPS).build().unwrap()
    }
}

fn password(username: impl Into<UserName>, password: &[u8]) -> AuthRequest {
    let credentials = Credentials::Password {
        username: username.into(),
        password: Secret::new(password),
    };
    let end = Endpoint::Unnamed;
    let conn = ConnInfo::new(SessionId(7), Version::Socks5, end.clone(), end);
    AuthRequest::new(Arc::new(conn), Method::USERNAME_PASSWORD, credentials)
}

async fn ask(
    users: &Sql,
    username: impl Into<UserName>,
    word: &str,
) -> Result<Option<Identity>, BoxError> {
    let request = password(username, word.as_bytes());
    match users.clone().oneshot(request).await? {
        Authentication::Accepted(identity) => Ok(Some(identity)),
        Authentication::Rejected(_) => Ok(None),
    }
}

async fn error(users: &Sql, username: &str, word: &str) -> SqlError {
    let error = ask(users, username, word).await.unwrap_err();
    *error.downcast().unwrap()
}

/// UP-24: a user of the table is let in, with groups.
#[tokio::test]
async fn users_of_a_table_are_let_in() {
    let database = Database::new().await;
    let users = database.users();
    users.check().await.unwrap();
    let identity = ask(&users, "alice", "correct horse")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(identity.user, Some("alice".into()));
    assert_eq!(identity.method, Method::USERNAME_PASSWORD);
    assert_eq!(identity.groups, ["admin".into(), "staff".into()]);
    // What is new in the table counts at once.
    database.insert("bob", Some(MD5)).await;
    let identity = ask(&users, "bob", "correct horse").await.unwrap().unwrap();
    assert!(identity.groups.is_empty());
}

/// UP-13: whatever is wrong, the answer is the same. The name is bound, never part of the query;
/// octets that are no text are nobody's name (UP-15, UP-16).
#[tokio::test]
async fn wrong_logins_are_rejected_alike() {
    let database = Database::new().await;
    let users = database.users();
    for (name, word) in [
        (&b"alice"[..], "correct horsf"),
        (b"alice", ""),
        (b"Alice", "correct horse"),
        (b"mallory", "correct horse"),
        (b"null", "correct horse"),
        (b"null", ""),
        (b"locked", "correct horse"),
        (b"", ""),
        (b"alice' --", "correct horse"),
        (b"' OR '1'='1", "correct horse"),
        (b"$1", "correct horse"),
        (b"%", "correct horse"),
        (b"alice\0", "correct horse"),
        (b"alice\0' --", "correct horse"),
        (b"\xff", "correct horse"),
    ] {
        let answer = users.clone().oneshot(password(name, word.as_bytes())).await;
        let rejected = format!("{:?}", Authentication::rejected());
        let name = name.escape_ascii();
        assert_eq!(format!("{:?}", answer.unwrap()), rejected, "{name} {word}");
    }
}

/// UP-7: an empty password needs permission.
#[tokio::test]
async fn empty_passwords_need_a_setting() {
    let database = Database::new().await;
    assert!(ask(&database.users(), "guest", "").await.unwrap().is_none());
    let users = database
        .builder(QUERY)
        .allow_empty_passwords(true)
        .build()
        .unwrap();
    assert!(ask(&users, "guest", "").await.unwrap().is_some());
    assert!(ask(&users, "alice", "").await.unwrap().is_none());
    assert!(ask(&users, "mallory", "").await.unwrap().is_none());
}

/// UP-13, SE-32: unknown, locked and broken accounts cost one check of a kind that was seen.
#[tokio::test]
async fn every_login_costs_one_check() {
    let database = Database::new().await;
    let like = Formats::new().parse(APR1.as_bytes()).unwrap();
    let users = database.builder(QUERY).like(like).build().unwrap();
    for name in [
        "mallory", "null", "locked", "alice", "broken", "twice", "", "\0",
    ] {
        let word = format!("one check in SQL, {name}");
        let _ = ask(&users, name, &word).await;
        assert_eq!(work::take(word.as_bytes()), ["apr1"], "{name}");
    }
}

/// SE-32: until a hash was seen, argon2; then of the kinds that were, each name always the same.
#[tokio::test]
async fn unknown_users_cost_what_others_cost() {
    let database = Database::new().await;
    let users = database.builder(QUERY).build().unwrap();
    ask(&users, "mallory", "before any was seen").await.unwrap();
    assert_eq!(work::take(b"before any was seen"), ["argon2"]);
    ask(&users, "alice", "wrong").await.unwrap();
    ask(&users, "mallory", "after one was seen").await.unwrap();
    assert_eq!(work::take(b"after one was seen"), ["apr1"]);

    let seen = Seen::new(None);
    for stored in [
        APR1,
        EMPTY,
        "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
    ] {
        seen.add(&Formats::new().parse(stored.as_bytes()).unwrap());
    }
    let mut picked = std::collections::HashSet::new();
    for name in 0..40 {
        let pick = || seen.pick(&name.to_string().as_str().into()).unwrap().name();
        assert_eq!(pick(), pick());
        picked.insert(pick());
    }
    assert_eq!(picked.len(), 2);
}

/// The database decides, with both parameters bound.
#[tokio::test]
async fn checked_by_the_database() {
    let database = Database::new().await;
    let query = "SELECT word = $2 FROM users WHERE name = $1";
    let users = database.builder(query).checked_by_database(true);
    let users = users.groups_query(GROUPS).build().unwrap();
    users.check().await.unwrap();
    let identity = ask(&users, "alice", "correct horse")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(identity.groups, ["admin".into(), "staff".into()]);
    for (name, word) in [
        ("alice", "wrong"),
        ("alice", "' OR '1'='1"),
        ("alice", "correct horse\0"),
        ("mallory", "correct horse"),
        ("alice' --", "correct horse"),
    ] {
        assert!(
            ask(&users, name, word).await.unwrap().is_none(),
            "{name} {word}"
        );
    }
    let answer = users.clone().oneshot(password("alice", b"\xff")).await;
    assert!(!answer.unwrap().is_accepted());
    assert_eq!(
        error(&users, "twice", "correct horse").await.to_string(),
        "expected one row for a user at most"
    );

    let query = "SELECT NULL = $2 FROM users WHERE name = $1";
    let users = database
        .builder(query)
        .checked_by_database(true)
        .build()
        .unwrap();
    assert_eq!(
        error(&users, "alice", "x").await.to_string(),
        "expected a boolean that is not null"
    );
    let query = "SELECT 'yes' || $2 FROM users WHERE name = $1";
    let users = database
        .builder(query)
        .checked_by_database(true)
        .build()
        .unwrap();
    let error = error(&users, "alice", "hunter2").await;
    assert!(error.to_string().contains("another type"), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

/// UP-17: what is broken is an error, which a server answers with failure. It shows neither hash
/// nor name (SE-34).
#[tokio::test]
async fn what_is_broken_is_an_error() {
    let database = Database::new().await;
    let users = database.users();
    let unusable = error(&users, "broken", "hunter2").await;
    assert!(
        unusable.to_string().contains("plain text is not allowed"),
        "{unusable}"
    );
    assert!(!format!("{unusable} {unusable:?}").contains("hunter2"));
    let twice = error(&users, "twice", "correct horse").await;
    assert_eq!(twice.to_string(), "expected one row for a user at most");

    let users = database
        .builder("SELECT hash FROM nothing WHERE name = $1")
        .build()
        .unwrap();
    let refused = error(&users, "alice", "correct horse").await;
    assert!(
        refused
            .to_string()
            .starts_with("the database refused, code "),
        "{refused}"
    );
    assert!(users.check().await.is_err());

    let users = database
        .builder(QUERY)
        .groups_query("SELECT nothing")
        .build()
        .unwrap();
    assert!(users.check().await.is_err());
    error(&users, "alice", "correct horse").await;
    assert!(ask(&users, "alice", "wrong").await.unwrap().is_none());

    let gone = Sql::builder("sqlite:///nowhere/users.db".into(), QUERY)
        .build()
        .unwrap();
    error(&gone, "alice", "correct horse").await;
    assert!(gone.check().await.is_err());
}

/// UP-17: a late database is an error in time, and those in line are bounded.
#[tokio::test]
async fn a_late_database() {
    let database = Database::new().await;
    // Counts to a billion first.
    let slow =
        "WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM n WHERE x < 1000000000)
                SELECT hash FROM users, (SELECT max(x) FROM n) WHERE name = $1";
    let users = database
        .builder(slow)
        .timeout(Duration::from_millis(300))
        .connections(NonZeroU32::MIN)
        .waiting(0)
        .build()
        .unwrap();
    let first = tokio::spawn({
        let users = users.clone();
        async move { error(&users, "alice", "correct horse").await }
    });
    tokio::task::yield_now().await;
    assert!(error(&users, "bob", "correct horse").await.is_busy());
    assert!(first.await.unwrap().is_timeout());
}

/// UP-17: no room to check is an error.
#[tokio::test]
async fn a_full_pool_is_an_error() {
    let pool = VerifyPool::new(NonZeroUsize::MIN, 0);
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let busy = tokio::spawn({
        let pool = pool.clone();
        async move { pool.run(move || held.recv()).await }
    });
    tokio::task::yield_now().await;
    let database = Database::new().await;
    let users = database.builder(QUERY).pool(pool).build().unwrap();
    assert!(error(&users, "alice", "correct horse").await.is_busy());
    drop(hold);
    assert!(busy.await.unwrap().unwrap().is_err());
}

/// SE-34: neither address nor query result is shown.
#[test]
fn settings() {
    for url in [
        "",
        "users.db",
        "mysql://root:hunter2@localhost/",
        "postgres://[",
        "\u{ff}",
    ] {
        let error = Sql::builder(url.into(), QUERY).build().unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a URL postgres://… or sqlite://…"
        );
    }
    let url = "postgres://socks:hunter2@localhost/users";
    assert!(Sql::builder(url.into(), " ").build().is_err());
    assert!(
        Sql::builder(url.into(), QUERY)
            .groups_query("")
            .build()
            .is_err()
    );
    let builder = Sql::builder(url.into(), QUERY);
    let shown = format!("{builder:?} {:?}", builder.clone().build());
    assert!(!shown.contains("hunter2"), "{shown}");
}

/// Where there is no TLS, a URL that requires it is an error at once, and not of each login.
#[test]
fn tls_that_is_required() {
    for (mode, required) in [
        ("", false),
        ("?sslmode=disable", false),
        ("?sslmode=require", true),
        ("?sslmode=verify-ca", true),
        ("?sslmode=verify-full", true),
    ] {
        let url = format!("postgres://a:hunter2@db.example/socks{mode}");
        let built = Sql::builder(url.as_str().into(), "SELECT hash FROM users").build();
        assert_eq!(
            built.is_ok(),
            cfg!(feature = "sql-tls") || !required,
            "{mode}"
        );
        if let Err(error) = built {
            assert!(error.to_string().contains("sql-tls"), "{error}");
        }
    }
}
