use std::{fmt, future::Future, net::SocketAddr, pin::Pin};

use socks_core::message::Bind;
use tower_service::Service;

use crate::BoxError;

/// Listens for the connection that a BIND expects.
///
/// Every `tower::Service` from [`Bind`] to [`Bound`] is one. It answers once the socket listens
/// (`BI-8`); the wait itself is [`Bound::accept`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a binder",
    label = "not a `Service<Bind, Response = Bound<{U}>>`",
    note = "a binder is a `tower::Service<Bind, Response = Bound<U>>` that is `Clone + Send + Sync + 'static`, with `Error: Into<BoxError>` and a `Send` future"
)]
pub trait Binder<U>:
    Service<Bind, Response = Bound<U>, Error: Into<BoxError>, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S, U> Binder<U> for S where
    S: Service<Bind, Response = Bound<U>, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A socket that listens for one connection.
#[non_exhaustive]
pub struct Bound<U> {
    /// Where the expected peer can reach it (`BI-9`): the first reply's BND.
    pub addr: SocketAddr,
    /// Waits for the peer. Dropping it closes the listener (`BI-16`).
    pub accept: Pin<Box<dyn Future<Output = Result<Accepted<U>, BoxError>> + Send>>,
}

/// The peer's connection.
#[derive(Debug)]
#[non_exhaustive]
pub struct Accepted<U> {
    /// The stream.
    pub stream: U,
    /// Who connected: the second reply's BND (`BI-10`).
    pub peer: SocketAddr,
}

impl<U> Bound<U> {
    /// A listening address and the wait for its peer.
    pub fn new(
        addr: SocketAddr,
        accept: impl Future<Output = Result<Accepted<U>, BoxError>> + Send + 'static,
    ) -> Self {
        Self {
            addr,
            accept: Box::pin(accept),
        }
    }
}

impl<U> Accepted<U> {
    /// A stream and who is at its other end.
    pub fn new(stream: U, peer: SocketAddr) -> Self {
        Self { stream, peer }
    }
}

impl<U> fmt::Debug for Bound<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("addr", &self.addr)
            .finish_non_exhaustive()
    }
}
