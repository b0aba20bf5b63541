use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;
use socks_core::{Secret, UserName, message::ConnInfo};

use super::{ChapSecrets, ChapUser};
use crate::BoxError;

/// A fixed table of user names and secrets, held in memory as they are. Clones share it.
#[derive(Clone, Default)]
pub struct StaticChapSecrets(Arc<HashMap<UserName, Secret>>);

impl StaticChapSecrets {
    /// Number of users in the table.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the table has no users, so that nobody is let in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, username: &UserName) -> Option<ChapUser> {
        self.0.get(username).cloned().map(ChapUser::new)
    }
}

impl<N: Into<UserName>, S: Into<Secret>> FromIterator<(N, S)> for StaticChapSecrets {
    /// Of two entries for one name the later counts.
    fn from_iter<I: IntoIterator<Item = (N, S)>>(users: I) -> Self {
        let users = users.into_iter();
        let users = users.map(|(username, secret)| (username.into(), secret.into()));
        Self(Arc::new(users.collect()))
    }
}

impl fmt::Debug for StaticChapSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticChapSecrets")
            .field("users", &self.len())
            .finish()
    }
}

#[async_trait]
impl ChapSecrets for StaticChapSecrets {
    async fn look_up(
        &self,
        username: &UserName,
        _: &ConnInfo,
    ) -> Result<Option<ChapUser>, BoxError> {
        Ok(self.get(username))
    }
}
