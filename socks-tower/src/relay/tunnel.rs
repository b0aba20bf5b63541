use std::{net::SocketAddr, sync::Arc};

use socks_core::{
    Address, Command,
    message::{ConnInfo, Identity, Permit},
};
use tower_service::Service;

use super::Cut;
use crate::{BoxError, Side, Traffic};

/// Relays a [`Tunnel`] until it ends.
///
/// Every `tower::Service` from [`Tunnel`] to [`RelayEnd`] is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a relay between `{C}` and `{T}`",
    label = "not a `Service<Tunnel<{C}, {T}>, Response = RelayEnd>`",
    note = "a relay is a `tower::Service<Tunnel<C, T>, Response = RelayEnd>` that is `Clone + Send + Sync + 'static`, with `Error: Into<BoxError>` and a `Send` future"
)]
pub trait Relay<C, T>:
    Service<Tunnel<C, T>, Response = RelayEnd, Error: Into<BoxError>, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S, C, T> Relay<C, T> for S where
    S: Service<Tunnel<C, T>, Response = RelayEnd, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A client and its target, connected by a success reply (`R5-58`).
#[derive(Debug)]
#[non_exhaustive]
pub struct Tunnel<C, T> {
    /// The client's stream. Early data comes first (`R5-7`).
    pub client: C,
    /// The target's stream.
    pub target: T,
    /// The client's connection.
    pub conn: Arc<ConnInfo>,
    /// Who the client is.
    pub identity: Arc<Identity>,
    /// What the client asked for: CONNECT, or BIND.
    pub command: Command,
    /// Where the tunnel leads.
    pub destination: Address,
    /// The address that was dialled, or that connected to a BIND, if that is known.
    pub remote: Option<SocketAddr>,
    /// The access controller's conditions, with what its layers attached.
    pub permit: Permit,
    /// The session's counters, which the relay keeps.
    pub traffic: Arc<Traffic>,
}

impl<C, T> Tunnel<C, T> {
    /// A tunnel between two streams, for one session: of a CONNECT, unless
    /// [`command`](field@Self::command) is changed.
    pub fn new(
        client: C,
        target: T,
        conn: Arc<ConnInfo>,
        identity: Arc<Identity>,
        destination: Address,
    ) -> Self {
        let traffic = Arc::default();
        Self {
            client,
            target,
            conn,
            identity,
            command: Command::Connect,
            destination,
            remote: None,
            permit: Permit::new(),
            traffic,
        }
    }

    /// Puts other streams in place of these, for example with a throttle around them.
    pub fn map<C2, T2>(
        self,
        client: impl FnOnce(C) -> C2,
        target: impl FnOnce(T) -> T2,
    ) -> Tunnel<C2, T2> {
        Tunnel {
            client: client(self.client),
            target: target(self.target),
            conn: self.conn,
            identity: self.identity,
            command: self.command,
            destination: self.destination,
            remote: self.remote,
            permit: self.permit,
            traffic: self.traffic,
        }
    }
}

/// How a tunnel ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayEnd {
    /// Both directions came to their end.
    Closed,
    /// Nothing passed for the idle timeout.
    Idle,
    /// One side reset its connection.
    Reset(Side),
    /// Somebody ended it, and both sides were reset.
    Cut(Cut),
}
