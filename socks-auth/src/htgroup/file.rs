use std::{path::PathBuf, sync::Arc, time::Duration};

use socks_core::message::Identity;

use super::{AddGroupsLayer, table::Table};
use crate::{LoadError, Watch, reload::Reloaded};

/// Groups of users, from a file as Apache has it: a line a group, `GROUP: USER USER …`.
///
/// A group may stand in several lines, and may have no users. Empty lines and lines that begin with
/// `#` are skipped; a file without groups, or with a line that is none, is an error. At most 4 MiB.
///
/// It is read again as an [`Htpasswd`](crate) file is: by [`reload`](Self::reload), and by
/// [`watch`](Self::watch) when it changes. Sessions keep the groups that they began with.
///
/// Clones share the groups.
#[derive(Clone, Debug)]
pub struct Htgroup {
    file: Arc<Reloaded<Table>>,
}

impl Htgroup {
    /// Reads the file. Blocks as long as the file system does.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not sound. Names file, line and what was expected.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, LoadError> {
        Ok(Self {
            file: Arc::new(Reloaded::open(path.into(), Table::parse)?),
        })
    }

    /// Reads the file now, as on SIGHUP.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not sound; the groups stay as they were.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it is done or left out, never by half.
    pub async fn reload(&self) -> Result<(), LoadError> {
        Arc::clone(&self.file).reload().await
    }

    /// Looks after the file every so often; spawn it.
    pub fn watch(&self, every: Duration) -> Watch {
        self.file.watch(every)
    }

    /// Calls `told` whenever the groups have changed, before [`reload`](Self::reload) returns and after
    /// everybody sees the new ones; to clear a [`SuccessCacheLayer`](crate::SuccessCacheLayer), for
    /// instance. It is called on a thread for blocking work, must be quick, and stays as long as the file
    /// is in use.
    pub fn on_change(&self, told: impl Fn() + Send + Sync + 'static) {
        self.file.on_change(told);
    }

    /// A layer for an authenticator whose users have these groups.
    pub fn layer(&self) -> AddGroupsLayer {
        AddGroupsLayer::new(self.clone())
    }

    /// Adds the user's groups to those that it has.
    pub fn add_to(&self, mut identity: Identity) -> Identity {
        if let Some(user) = &identity.user {
            for group in self.file.current().of(user) {
                if !identity.groups.contains(group) {
                    identity.groups.push(Arc::clone(group));
                }
            }
        }
        identity
    }
}
