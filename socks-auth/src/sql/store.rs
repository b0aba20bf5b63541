use std::{fmt, sync::Arc, time::Duration};

use socks_core::{
    Method, Secret, UserName,
    message::{Authentication, ConnInfo, Identity},
};
use tokio::time;

use super::{SqlBuilder, SqlError, database::Database, error::Kind, seen::Seen};
use crate::{
    Authenticate, BoxError, Formats, PasswordHash, VerifyPool, async_trait,
    authenticate_service::impl_service, gate::Gate,
};

/// Users of an SQL database: PostgreSQL or SQLite.
///
/// The query is the application's; the user name is bound to it as its first parameter, never
/// written into it:
///
/// ```sql
/// SELECT password_hash FROM users WHERE name = $1
/// ```
///
/// Its first column is the stored hash, in a form of [`Formats`]. No row is an unknown user; null,
/// or a hash that begins with `!` or `*`, is a locked account; two rows are an error. Both
/// databases know `$1`. PostgreSQL binds it as `text`.
///
/// A password is checked in a [`VerifyPool`] (`SE-31`). An unknown or locked user's is checked
/// against a hash of a kind and cost that other users have (`UP-13`, `SE-32`).
///
/// **On a network** use `sslmode=verify-full`. PostgreSQL's default, `prefer`, does without TLS if
/// whoever answers says so: who stands between reads hashes, or hands out one of a password of its own.
///
/// A user is called what the client wrote. Where the query takes other spellings for the same name, in
/// capitals say, rules about users have to know of them.
///
/// Names are text here: a name that is not UTF-8, or that has a NUL in it, is nobody's. If the
/// database cannot be reached or is late, logins fail (`UP-17`). Passwords do not go to the log of
/// this program; what the database logs is its own affair.
///
/// Clones share connections and bounds. Asks within a tokio runtime.
#[derive(Clone)]
pub struct Sql(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) database: Database,
    pub(super) gate: Gate,
    pub(super) query: String,
    pub(super) checked_by_database: bool,
    pub(super) groups_query: Option<String>,
    pub(super) timeout: Duration,
    pub(super) formats: Formats,
    pub(super) seen: Seen,
    pub(super) pool: VerifyPool,
    pub(super) allow_empty_passwords: bool,
}

/// A user may be in so many groups.
const MAX_GROUPS: usize = 1024;

impl Sql {
    /// Settings first. The URL is `postgres://USER:PASSWORD@HOST/DATABASE` or `sqlite:///FILE`,
    /// with the parameters of `sqlx`; TLS needs the feature `sql-tls`.
    pub fn builder(url: Secret, query: impl Into<String>) -> SqlBuilder {
        SqlBuilder::new(url, query.into())
    }

    /// Asks about a user who is not there, to find out whether database and queries work.
    ///
    /// # Errors
    ///
    /// If they do not. An application may go on all the same: logins fail until they work.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves nothing behind.
    pub async fn check(&self) -> Result<(), SqlError> {
        let this = &*self.0;
        this.bounded(async {
            match this.checked_by_database {
                true => drop(this.database.booleans(&this.query, &["", ""], 1).await?),
                false => drop(this.database.texts(&this.query, &[""], 1).await?),
            }
            if let Some(query) = &this.groups_query {
                this.database.texts(query, &[""], MAX_GROUPS).await?;
            }
            Ok(())
        })
        .await
    }
}

impl Inner {
    async fn bounded<T>(
        &self,
        asking: impl Future<Output = Result<T, SqlError>>,
    ) -> Result<T, SqlError> {
        let asking = async {
            let _pass = self.gate.enter().await.map_err(|_| Kind::Busy)?;
            asking.await
        };
        match time::timeout(self.timeout, asking).await {
            Ok(answer) => answer,
            Err(_) => Err(Kind::Timeout.into()),
        }
    }

    async fn is_right(&self, username: &UserName, password: &Secret) -> Result<bool, SqlError> {
        let name = username.as_str().filter(|name| !name.contains('\0'));
        if self.checked_by_database {
            let password = str::from_utf8(password.expose()).ok();
            let password = password.filter(|password| !password.contains('\0'));
            return match (name, password) {
                (Some(name), Some(password)) => self.check(name, password).await,
                _ => Ok(false),
            };
        }
        let stored = match name {
            Some(name) => self.stored(name).await,
            None => Ok(None),
        };
        let (hash, known) = match stored {
            Ok(Some(hash)) => {
                self.seen.add(&hash);
                (Some(hash), Ok(true))
            }
            Ok(None) => (self.seen.pick(username), Ok(false)),
            // A hash that cannot be used must not stand out by its time either.
            Err(error) => (self.seen.pick(username), Err(error)),
        };
        let right = match hash {
            Some(hash) => {
                let password = password.clone();
                let verified = self.pool.run(move || hash.verify(&password)).await;
                verified.map_err(Kind::Verify)?
            }
            None => false,
        };
        Ok(known? & right)
    }

    async fn stored(&self, name: &str) -> Result<Option<PasswordHash>, SqlError> {
        let value = [name];
        let asking = self.database.texts(&self.query, &value, 1);
        let stored = match self.bounded(asking).await?.as_slice() {
            [] | [None] => return Ok(None),
            [Some(stored)] if stored.starts_with(['!', '*']) => return Ok(None),
            [Some(stored)] => stored.clone(),
            _ => return Err(Kind::Ambiguous.into()),
        };
        let hash = self.formats.parse(stored.as_bytes());
        Ok(Some(hash.map_err(Kind::Hash)?))
    }

    async fn check(&self, name: &str, password: &str) -> Result<bool, SqlError> {
        let values = [name, password];
        let asking = self.database.booleans(&self.query, &values, 1);
        match self.bounded(asking).await?.as_slice() {
            [] => Ok(false),
            [Some(right)] => Ok(*right),
            [None] => Err(Kind::NoBoolean.into()),
            _ => Err(Kind::Ambiguous.into()),
        }
    }

    async fn groups(&self, name: &str) -> Result<Vec<Arc<str>>, SqlError> {
        let Some(query) = &self.groups_query else {
            return Ok(Vec::new());
        };
        let value = [name];
        let groups = self.database.texts(query, &value, MAX_GROUPS);
        let groups = self.bounded(groups).await?;
        match groups.len() <= MAX_GROUPS {
            true => Ok(groups.into_iter().flatten().map(Into::into).collect()),
            false => Err(Kind::TooManyGroups.into()),
        }
    }
}

#[async_trait]
impl Authenticate for Sql {
    async fn password(
        &self,
        username: &UserName,
        password: &Secret,
        _: &ConnInfo,
    ) -> Result<Authentication, BoxError> {
        let this = &*self.0;
        let allowed = this.allow_empty_passwords || !password.expose().is_empty();
        let right = this.is_right(username, password).await?;
        match username.as_str() {
            Some(name) if right & allowed => {
                let mut identity = Identity::user(username.clone(), Method::USERNAME_PASSWORD);
                identity.groups = this.groups(name).await?;
                Ok(Authentication::Accepted(identity))
            }
            _ => Ok(Authentication::rejected()),
        }
    }
}

impl_service!(Sql);

// Without the queries, which may hold the key of a column.
impl fmt::Debug for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sql")
            .field("database", &self.0.database)
            .finish_non_exhaustive()
    }
}
