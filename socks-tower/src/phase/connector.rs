use std::net::SocketAddr;

use socks_core::message::Connect;
use tower_service::Service;

use crate::BoxError;

/// Opens the connection that a CONNECT asks for.
///
/// Every `tower::Service` from [`Connect`] to [`Connected`] is one. It asks
/// [`Permit::permits_name`](socks_core::message::Permit::permits_name) before it looks a name up, and
/// [`Permit::permits_for`](socks_core::message::Permit::permits_for) about each address before it
/// dials it.
/// Its error becomes the reply code ([`reply_code`](fn@crate::reply_code)).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connector",
    label = "not a `Service<Connect, Response = Connected<{U}>>`",
    note = "a connector is a `tower::Service<Connect, Response = Connected<U>>` that is `Clone + Send + Sync + 'static`, with `Error: Into<BoxError>` and a `Send` future",
    note = "for a closure use `tower::service_fn(|connect: Connect| async move {{ Ok::<_, BoxError>(Connected::new(stream, bound)) }})`"
)]
pub trait Connector<U>:
    Service<Connect, Response = Connected<U>, Error: Into<BoxError>, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S, U> Connector<U> for S where
    S: Service<Connect, Response = Connected<U>, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A connection to the target.
#[derive(Debug)]
#[non_exhaustive]
pub struct Connected<U> {
    /// The stream.
    pub stream: U,
    /// The local address of the outgoing connection, which the client is told (`R5-55`).
    pub bound: SocketAddr,
    /// The address that was dialled, for the report.
    pub remote: Option<SocketAddr>,
}

impl<U> Connected<U> {
    /// A stream and its local address; `0.0.0.0:0` if there is none to tell (`R5-56`).
    pub fn new(stream: U, bound: SocketAddr) -> Self {
        Self {
            stream,
            bound,
            remote: None,
        }
    }

    /// Notes the address that was dialled.
    #[must_use]
    pub fn remote(mut self, remote: SocketAddr) -> Self {
        self.remote = Some(remote);
        self
    }

    /// Puts another stream in place of this one.
    pub fn map_stream<T>(self, map: impl FnOnce(U) -> T) -> Connected<T> {
        Connected {
            stream: map(self.stream),
            bound: self.bound,
            remote: self.remote,
        }
    }
}
