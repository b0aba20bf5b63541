use std::sync::Arc;

use async_trait::async_trait;
use socks_core::{Secret, UserName, message::ConnInfo};

use crate::BoxError;

/// Looks up what a user's responses are computed with. A store that keeps password hashes only
/// cannot do that (`CH-24`). Object safe.
#[async_trait]
pub trait ChapSecrets: Send + Sync + 'static {
    /// The user of this name, as octets (`CH-21`); `None` if there is none. A user with an empty
    /// secret, or one longer than 255 octets, is not let in.
    ///
    /// The answer should take the same time for a name that is not known (`CH-23`).
    ///
    /// # Errors
    ///
    /// If the store cannot tell; the client is then refused. The error goes to the log, so it must
    /// not hold a secret.
    ///
    /// # Cancel safety
    ///
    /// Dropped at any await when a deadline passes or the client leaves.
    async fn look_up(
        &self,
        username: &UserName,
        conn: &ConnInfo,
    ) -> Result<Option<ChapUser>, BoxError>;
}

#[async_trait]
impl<S: ChapSecrets + ?Sized> ChapSecrets for Arc<S> {
    async fn look_up(
        &self,
        username: &UserName,
        conn: &ConnInfo,
    ) -> Result<Option<ChapUser>, BoxError> {
        (**self).look_up(username, conn).await
    }
}

/// A user of a [`ChapSecrets`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChapUser {
    /// What both sides know.
    pub secret: Secret,
    /// The user's groups.
    pub groups: Vec<Arc<str>>,
}

impl ChapUser {
    /// A user in no group.
    pub fn new(secret: impl Into<Secret>) -> Self {
        Self {
            secret: secret.into(),
            groups: Vec::new(),
        }
    }

    /// Puts the user into a group.
    #[must_use]
    pub fn group(mut self, group: impl Into<Arc<str>>) -> Self {
        self.groups.push(group.into());
        self
    }
}
