use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::{
    Method, Secret, UserName,
    message::{AuthRequest, Authentication, Credentials, Identity},
};
use tower_service::Service;

use crate::tag::{Tag, Tagger};

/// A fixed table of user names and passwords (RFC 1929).
///
/// Lets in who sends a name and a password of the table, and nobody else: no anonymous client and
/// no SOCKS4 user id (`S4-2`, `SE-36`). An empty table lets nobody in. Names and passwords are
/// compared as octets (`UP-15`, `UP-16`).
///
/// The passwords themselves are not kept. The table holds one keyed digest of each pair, and a
/// login is a lookup of its own digest: an unknown name, a wrong password and a password of
/// another length take the same path and the same work, so time does not tell them apart
/// (`UP-13`, `SE-32`). The digest is fast, and meant for a handful of users whose passwords stand
/// in a configuration file; a store of many users keeps slow, salted hashes (`SE-31`) and is
/// asked through [`Authenticate`](crate::Authenticate).
///
/// Clones share the table.
///
/// ```
/// use socks_auth::StaticUsers;
///
/// let users = StaticUsers::from_iter([("alice", "correct horse")]);
/// assert_eq!(format!("{users:?}"), "StaticUsers { users: 1 }");
/// ```
#[derive(Clone)]
pub struct StaticUsers {
    table: Arc<Table>,
    allow_empty_passwords: bool,
}

/// `tagger` is `None` when the system gave no randomness for a key; then nobody is let in.
struct Table {
    tagger: Option<Tagger>,
    tags: HashSet<Tag>,
}

impl StaticUsers {
    /// Lets a user in with an empty password if that is what the table says. Off by default: an
    /// account without a password is more often a mistake than a wish (`UP-7`).
    #[must_use]
    pub fn allow_empty_passwords(mut self, allow: bool) -> Self {
        self.allow_empty_passwords = allow;
        self
    }

    /// Number of users in the table.
    pub fn len(&self) -> usize {
        self.table.tags.len()
    }

    /// Whether the table has no users, so that nobody is let in.
    pub fn is_empty(&self) -> bool {
        self.table.tags.is_empty()
    }

    fn verify(&self, username: &UserName, password: &Secret) -> bool {
        let Some(tagger) = &self.table.tagger else {
            return false;
        };
        // Looked up even if it cannot count, so that every login costs the same.
        let known = self.table.tags.contains(&tagger.tag(username, password));
        known && (self.allow_empty_passwords || !password.expose().is_empty())
    }
}

impl<N: Into<UserName>, S: Into<Secret>> FromIterator<(N, S)> for StaticUsers {
    /// Of two entries for one name the later counts.
    fn from_iter<I: IntoIterator<Item = (N, S)>>(users: I) -> Self {
        let users: HashMap<UserName, Secret> = users
            .into_iter()
            .map(|(username, password)| (username.into(), password.into()))
            .collect();
        let tagger = Tagger::random();
        let tags = tagger
            .iter()
            .flat_map(|tagger| users.iter().map(|(name, word)| tagger.tag(name, word)))
            .collect();
        Self {
            table: Arc::new(Table { tagger, tags }),
            allow_empty_passwords: false,
        }
    }
}

impl fmt::Debug for StaticUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticUsers")
            .field("users", &self.len())
            .finish()
    }
}

impl Service<AuthRequest> for StaticUsers {
    type Response = Authentication;
    type Error = Infallible;
    type Future = Ready<Result<Authentication, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> Self::Future {
        let answer = match request.credentials {
            Credentials::Password { username, password } if self.verify(&username, &password) => {
                Authentication::Accepted(Identity::user(username, Method::USERNAME_PASSWORD))
            }
            _ => Authentication::rejected(),
        };
        ready(Ok(answer))
    }
}
