use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use socks_core::{
    Method, Secret, UserName,
    message::{Authentication, ConnInfo, Identity},
};

use super::table::Table;
use crate::{
    Authenticate, BoxError, Formats, LoadError, VerifyPool, Watch, async_trait,
    authenticate_service::impl_service, reload::Reloaded,
};

/// Users of a file that Apache's `htpasswd` writes: a line a user, `NAME:HASH`.
///
/// Which hashes count is in [`Formats`]. Empty lines and lines that begin with `#` are skipped; a
/// hash that begins with `!` or `*` locks the account. Everything else that is not a user is an
/// error, as is a user who is there twice and a file without users: a mistake must not change who
/// gets in. At most 4 MiB.
///
/// Names and passwords are octets (`UP-15`). A password is checked in a [`VerifyPool`] (`SE-31`),
/// and an unknown user's is checked against somebody else's hash (`UP-13`, `SE-32`).
///
/// The file is read again by [`reload`](Self::reload), and by [`watch`](Self::watch) when it
/// changes. Then the new users replace the old ones as a whole; sessions go on. A file that is
/// broken, empty or gone changes nothing.
///
/// Clones share the users.
#[derive(Clone)]
pub struct Htpasswd {
    file: Arc<Reloaded<Table>>,
    pool: VerifyPool,
    allow_empty_passwords: bool,
}

/// Settings of an [`Htpasswd`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it opens a file"]
pub struct HtpasswdBuilder {
    pool: VerifyPool,
    formats: Formats,
    allow_empty_passwords: bool,
}

impl HtpasswdBuilder {
    /// Where passwords are checked; by default a pool of its own.
    pub fn pool(mut self, pool: VerifyPool) -> Self {
        self.pool = pool;
        self
    }

    /// Which hashes count; by default salted ones.
    pub fn formats(mut self, formats: Formats) -> Self {
        self.formats = formats;
        self
    }

    /// Lets a user in with an empty password if it is the one. Off by default (`UP-7`).
    pub fn allow_empty_passwords(mut self, allow: bool) -> Self {
        self.allow_empty_passwords = allow;
        self
    }

    /// Reads the file. Blocks as long as the file system does.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not sound. Names file, line and what was expected.
    pub fn open(self, path: impl Into<PathBuf>) -> Result<Htpasswd, LoadError> {
        let formats = self.formats;
        let parse = move |content: &[u8]| Table::parse(content, formats);
        Ok(Htpasswd {
            file: Arc::new(Reloaded::open(path.into(), parse)?),
            pool: self.pool,
            allow_empty_passwords: self.allow_empty_passwords,
        })
    }
}

impl Htpasswd {
    /// Reads the file, with default settings.
    ///
    /// # Errors
    ///
    /// As [`HtpasswdBuilder::open`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LoadError> {
        Self::builder().open(path)
    }

    /// Settings first.
    pub fn builder() -> HtpasswdBuilder {
        HtpasswdBuilder {
            pool: VerifyPool::default(),
            formats: Formats::new(),
            allow_empty_passwords: false,
        }
    }

    /// Number of users.
    pub fn len(&self) -> usize {
        self.file.current().len()
    }

    /// Never: a file without users is not accepted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads the file now, as on SIGHUP.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not sound; the users stay as they were.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it is done or left out, never by half.
    pub async fn reload(&self) -> Result<(), LoadError> {
        Arc::clone(&self.file).reload().await
    }

    /// Looks after the file every so often; spawn it. Says in the log when it has read it again,
    /// and once when it could not.
    pub fn watch(&self, every: Duration) -> Watch {
        self.file.watch(every)
    }

    /// Calls `told` whenever the users have changed, before [`reload`](Self::reload) returns and after
    /// everybody sees the new ones; to clear a [`SuccessCacheLayer`](crate::SuccessCacheLayer), for
    /// instance. It is called on a thread for blocking work, must be quick, and stays as long as the file
    /// is in use.
    pub fn on_change(&self, told: impl Fn() + Send + Sync + 'static) {
        self.file.on_change(told);
    }
}

#[async_trait]
impl Authenticate for Htpasswd {
    async fn password(
        &self,
        username: &UserName,
        password: &Secret,
        _: &ConnInfo,
    ) -> Result<Authentication, BoxError> {
        let allowed = self.allow_empty_passwords || !password.expose().is_empty();
        let users = self.file.current();
        let right = {
            let (username, password) = (username.clone(), password.clone());
            let verify = move || users.verify(&username, &password);
            self.pool.run(verify).await?
        };
        Ok(match right & allowed {
            true => {
                let identity = Identity::user(username.clone(), Method::USERNAME_PASSWORD);
                Authentication::Accepted(identity)
            }
            false => Authentication::rejected(),
        })
    }
}

impl_service!(Htpasswd);

impl fmt::Debug for Htpasswd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Htpasswd")
            .field("file", &self.file)
            .field("users", &self.len())
            .finish_non_exhaustive()
    }
}
