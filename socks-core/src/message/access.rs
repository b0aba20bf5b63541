use alloc::sync::Arc;

use super::{ConnInfo, Extensions, Identity, Permit};
use crate::{Address, Command, ReplyCode};

/// Asks an access controller whether a client may do what it asks for (`R5-57`, `BI-7`).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccessRequest {
    /// The client's connection.
    pub conn: Arc<ConnInfo>,
    /// Who the client is.
    pub identity: Arc<Identity>,
    /// What it asks for.
    pub command: Command,
    /// Where to: canonical, so a literal inside a name field is an address already. A name is
    /// judged as a name here and as each of its addresses by [`Permit::filter`].
    pub destination: Address,
    /// What layers attached.
    pub extensions: Extensions,
}

impl AccessRequest {
    /// A question about one request.
    pub fn new(
        conn: Arc<ConnInfo>,
        identity: Arc<Identity>,
        command: Command,
        destination: Address,
    ) -> Self {
        Self {
            conn,
            identity,
            command,
            destination,
            extensions: Extensions::new(),
        }
    }
}

/// An access controller's answer.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Go on, under these conditions.
    Allow(Permit),
    /// Refuse with this code, usually [`ReplyCode::NOT_ALLOWED`].
    Deny(ReplyCode),
}

impl Verdict {
    /// Allows without conditions: every address that the destination resolves to is dialled.
    pub fn allow() -> Self {
        Self::Allow(Permit::new())
    }

    /// Refuses with `02`, connection not allowed by ruleset.
    pub const fn deny() -> Self {
        Self::Deny(ReplyCode::NOT_ALLOWED)
    }
}
