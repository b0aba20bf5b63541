use alloc::sync::Arc;

use super::{ConnInfo, Denial, Extensions, Identity, Permit};
use crate::{Address, Command, ReplyCode};

/// Asks an access controller whether a client may do what it asks for (`R5-57`, `BI-7`), and whether
/// what comes back may reach it (`SE-1`).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccessRequest {
    /// The client's connection.
    pub conn: Arc<ConnInfo>,
    /// Who the client is.
    pub identity: Arc<Identity>,
    /// At which point of the session the question comes up.
    pub point: AccessPoint,
    /// What it asks for.
    pub command: Command,
    /// Where to: canonical, so a literal inside a name field is an address already. A name is
    /// judged as a name here and as each of its addresses by [`Permit::filter`].
    ///
    /// At [`AccessPoint::BindPeer`] the host that has connected, with the port it came from.
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
            point: AccessPoint::Request,
            command,
            destination,
            extensions: Extensions::new(),
        }
    }

    /// The same for another point of the session.
    #[must_use]
    pub fn at(mut self, point: AccessPoint) -> Self {
        self.point = point;
        self
    }
}

/// At which point of a session an access controller is asked (`SE-1`). Rules for one point say
/// nothing about the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessPoint {
    /// The request is known: the client wants to go to the destination, or to expect it there.
    #[default]
    Request,
    /// A host has connected to the listener of a BIND and may be handed to the client: an
    /// operation of its own, from the remote host to the client (`BI-22`, `SE-57`). Nothing it sent
    /// has been read. The request was allowed before, and the host is one that it expects.
    BindPeer,
    /// A datagram has come from the destination, a host outside, for the client of an association
    /// (`SE-1`, `UD-34`). Asked through [`Permit::permits_incoming`] and never by the server itself;
    /// with this an access controller can be asked to explain itself.
    UdpReply,
    /// What passes through the tunnel names the destination, such as TLS's server name or HTTP's host
    /// (`SE-1`). Asked by an application that inspects what it relays.
    Inspection,
}

/// An access controller's answer.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Go on, under these conditions.
    Allow(Permit),
    /// Refuse, with a code that is usually [`ReplyCode::NOT_ALLOWED`].
    Deny(Denial),
}

impl Verdict {
    /// Allows without conditions: every address that the destination resolves to is dialled.
    pub fn allow() -> Self {
        Self::Allow(Permit::new())
    }

    /// Refuses with `02`, connection not allowed by ruleset.
    pub const fn deny() -> Self {
        Self::Deny(Denial::new(ReplyCode::NOT_ALLOWED))
    }
}
