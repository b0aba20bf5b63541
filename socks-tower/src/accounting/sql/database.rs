use std::time::{Duration, SystemTime, UNIX_EPOCH};

use socks_core::{Escaped, Secret};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Encode, PgConnection, QueryBuilder,
    SqliteConnection, Type,
    postgres::{PgConnectOptions, Postgres},
    query_builder::Separated,
    sqlite::{Sqlite, SqliteConnectOptions},
};

use super::{SqlAccountError, error::Kind};
use crate::{SessionEnd, SessionReport, accounting::Event};

/// A connection that is made when it is needed, and again after an error.
pub(super) enum Database {
    Postgres(Link<PgConnectOptions, PgConnection>),
    Sqlite(Link<SqliteConnectOptions, SqliteConnection>),
}

pub(super) struct Link<O, C> {
    options: O,
    connection: Option<C>,
    table: Table,
}

/// Where rows go.
#[derive(Clone)]
pub(super) struct Table {
    insert: String,
    /// `None` if it is there.
    create: Option<String>,
}

/// Columns in the order in which values are bound, with types that both databases know.
const COLUMNS: [(&str, &str); 22] = [
    ("instance", "TEXT NOT NULL"),
    ("sequence", "BIGINT NOT NULL"),
    ("event", "TEXT NOT NULL"),
    ("time", "BIGINT NOT NULL"),
    ("started", "BIGINT NOT NULL"),
    ("session", "BIGINT NOT NULL"),
    ("sent", "BIGINT NOT NULL"),
    ("received", "BIGINT NOT NULL"),
    ("milliseconds", "BIGINT NOT NULL"),
    ("listener", "TEXT"),
    ("peer", "TEXT"),
    ("version", "TEXT"),
    ("method", "TEXT"),
    ("username", "TEXT"),
    ("command", "TEXT"),
    ("destination", "TEXT"),
    ("remote", "TEXT"),
    ("rule", "TEXT"),
    ("reached", "TEXT"),
    ("ended", "TEXT"),
    ("reason", "TEXT"),
    ("code", "TEXT"),
];

impl Table {
    pub(super) fn new(name: &str, create: bool) -> Result<Self, SqlAccountError> {
        let part = |part: &str| {
            let mut octets = part.bytes();
            let first = octets.next();
            first.is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
                && octets.all(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
        };
        if name.split('.').count() > 2 || !name.split('.').all(part) {
            return Err(Kind::Table.into());
        }
        let names: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
        let typed: Vec<_> = COLUMNS
            .iter()
            .map(|(name, kind)| format!("{name} {kind}"))
            .collect();
        Ok(Self {
            insert: format!("INSERT INTO {name} ({}) ", names.join(", ")),
            create: create.then(|| {
                let columns = typed.join(", ");
                format!("CREATE TABLE IF NOT EXISTS {name} ({columns}, PRIMARY KEY (instance, sequence))")
            }),
        })
    }
}

/// The databases' types share no trait that would say this once.
macro_rules! put {
    ($link:expr, $database:ty, $events:expr) => {{
        let link = $link;
        let mut connection = match link.connection.take() {
            Some(connection) => connection,
            None => link.options.connect().await?,
        };
        if let Some(create) = &link.table.create {
            sqlx::query(AssertSqlSafe(create.as_str()))
                .execute(&mut connection)
                .await?;
        }
        link.table.create = None;
        let mut query = QueryBuilder::<$database>::new(&link.table.insert);
        query.push_values($events, |mut row, event| {
            bind(&mut row, event);
        });
        // A batch whose answer was lost is written again.
        query.push(" ON CONFLICT DO NOTHING");
        // Its length varies, so each would have to be prepared anew.
        query
            .build()
            .persistent(false)
            .execute(&mut connection)
            .await?;
        // Not so after an error, or when this was given up.
        link.connection = Some(connection);
        Ok(())
    }};
}

impl Database {
    pub(super) fn new(
        url: &Secret,
        table: Table,
        timeout: Duration,
    ) -> Result<Self, SqlAccountError> {
        let url = str::from_utf8(url.expose()).map_err(|_| Kind::Url)?;
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options: PgConnectOptions = url.parse().map_err(|_| Kind::Url)?;
            let limit = timeout.as_millis().clamp(1, i32::MAX as u128);
            let options = options
                .options([("statement_timeout", limit)])
                .application_name("socks-tower")
                .disable_statement_logging();
            return Ok(Self::Postgres(Link::new(options, table)));
        }
        if url.starts_with("sqlite:") {
            let options: SqliteConnectOptions = url.parse().map_err(|_| Kind::Url)?;
            let options = options.busy_timeout(timeout).disable_statement_logging();
            return Ok(Self::Sqlite(Link::new(options, table)));
        }
        Err(Kind::Url.into())
    }

    /// Writes events by one statement.
    pub(super) async fn write(&mut self, events: &[Event]) -> Result<(), SqlAccountError> {
        match self {
            Self::Postgres(link) => put!(link, Postgres, events),
            Self::Sqlite(link) => put!(link, Sqlite, events),
        }
    }

    pub(super) async fn close(self) {
        // What was written is written; this is for the other side's log.
        match self {
            Self::Postgres(link) => {
                if let Some(connection) = link.connection {
                    let _ = connection.close().await;
                }
            }
            Self::Sqlite(link) => {
                if let Some(connection) = link.connection {
                    let _ = connection.close().await;
                }
            }
        }
    }
}

impl<O, C> Link<O, C> {
    fn new(options: O, table: Table) -> Self {
        Self {
            options,
            connection: None,
            table,
        }
    }
}

fn bind<D>(row: &mut Separated<'_, D, &'static str>, event: &Event)
where
    D: sqlx::Database,
    for<'q> String: Encode<'q, D> + Type<D>,
    for<'q> Option<String>: Encode<'q, D> + Type<D>,
    for<'q> i64: Encode<'q, D> + Type<D>,
{
    let report = &*event.report;
    row.push_bind(escaped(&event.instance));
    row.push_bind(number(event.sequence));
    row.push_bind(event.kind.name().to_owned());
    row.push_bind(unix(event.time));
    row.push_bind(unix(event.started));
    row.push_bind(number(report.id.0));
    row.push_bind(number(report.sent));
    row.push_bind(number(report.received));
    row.push_bind(number(
        u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
    ));
    for text in texts(report) {
        row.push_bind(text);
    }
}

/// What a row says in words, escaped (`SE-38`).
fn texts(report: &SessionReport) -> [Option<String>; 13] {
    let identity = report.identity.as_deref();
    let user = identity.and_then(|identity| identity.user.as_ref());
    let terms = report.terms.as_ref();
    let stopped = !matches!(report.end, SessionEnd::Running);
    let reason = report.end.reason();
    let reason = reason.map(|reason| escaped(&reason.to_string()));
    [
        report.listener.as_deref().map(escaped),
        Some(report.peer.to_string()),
        report.version.map(|version| version.to_string()),
        identity.map(|identity| identity.method.to_string()),
        user.map(|user| user.to_string()),
        report.command.map(|command| command.to_string()),
        report
            .destination
            .as_ref()
            .map(|destination| destination.to_string()),
        report.remote.map(|remote| remote.to_string()),
        terms.map(|terms| escaped(&terms.rule)),
        report.limit.as_deref().map(escaped),
        stopped.then(|| report.end.name().to_owned()),
        reason,
        report.end.code().map(|code| format!("{:02x}", code.0)),
    ]
}

fn escaped(words: &str) -> String {
    Escaped(words.as_bytes()).to_string()
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970.
fn unix(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
