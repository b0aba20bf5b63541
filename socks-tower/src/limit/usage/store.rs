use std::sync::Arc;

use crate::BoxError;

/// What one user, or whoever shares a limit, has used of a volume in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The name of the limit.
    pub limit: Arc<str>,
    /// Whose usage it is: a text of printable ASCII without spaces, such as `user=alice`. With the limit's name it
    /// is unique.
    pub key: String,
    /// When the period began, in seconds of Unix time.
    pub start: i64,
    /// When it ends: the usage counts until then.
    pub end: i64,
    /// Octets from clients to targets.
    pub sent: u64,
    /// Octets from targets to clients.
    pub received: u64,
}

/// Keeps what was used of volumes over a restart.
///
/// Both calls may block: [`Limits::keep`](super::super::Limits::keep) makes them on threads where that is allowed.
pub trait UsageStore: Send + Sync + 'static {
    /// All that was saved, the newest of each limit and key. Periods that are over may be left out.
    ///
    /// # Errors
    ///
    /// It cannot be read, or it is damaged. A store that does not exist yet is empty and not an error.
    fn load(&self) -> Result<Vec<Usage>, BoxError>;

    /// Saves these in place of what was saved under the same limit and key, all of them or none. Once it
    /// answers they are safe from a crash.
    ///
    /// # Errors
    ///
    /// They are not, and will be saved with the next ones.
    fn save(&self, usages: &[Usage]) -> Result<(), BoxError>;
}
