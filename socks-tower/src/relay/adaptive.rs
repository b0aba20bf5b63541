use std::{
    task::{Context, Poll},
    time::Duration,
};

use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::{AdaptiveRelayFuture, RelayEnd, Tunnel};
use crate::BoxError;

/// The default relay: holds no buffer while a tunnel is idle, and works over any pair of streams.
///
/// Octets are copied through one buffer that all tunnels of a thread share. On Linux a direction
/// that proves bulky is moved by the kernel alone (`splice`), if both ends are plain
/// TCP sockets: a [`TcpStream`](tokio::net::TcpStream), by itself or in a
/// [`ClientStream`](crate::ClientStream) or a [`ClientTunnel`](crate::client::ClientTunnel) without a
/// protection. Wrapping either stream, to look at what passes or to slow it down, forces copying.
///
/// - Half-close is passed on after the last octet, and the other direction goes on (`SE-48`,
///   `SE-51`).
/// - A reset of one side becomes a reset of the other, on TCP (`SE-49`).
/// - The idle timeout slides with every octet, either way (`SE-21`).
#[derive(Clone, Copy, Debug)]
pub struct AdaptiveRelay {
    idle_timeout: Duration,
    half_closed_timeout: Duration,
    splice: bool,
}

impl Default for AdaptiveRelay {
    fn default() -> Self {
        Self::new()
    }
}

impl AdaptiveRelay {
    /// An idle timeout of 2 hours, and of 60 seconds once one direction has ended.
    pub const fn new() -> Self {
        Self {
            idle_timeout: Duration::from_secs(2 * 60 * 60),
            half_closed_timeout: Duration::from_secs(60),
            splice: true,
        }
    }

    /// How long a tunnel lives without an octet in either direction.
    #[must_use]
    pub const fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// The same once one direction has ended (`SE-50`); the shorter of the two counts.
    #[must_use]
    pub const fn half_closed_timeout(mut self, timeout: Duration) -> Self {
        self.half_closed_timeout = timeout;
        self
    }

    /// Whether bulky directions between plain TCP sockets are spliced; on by default, and without
    /// effect but on Linux.
    ///
    /// Pipes for it take descriptors, two each, and are held while a sink is slow: in all at most
    /// half of what `/proc/sys/fs/pipe-user-pages-soft` grants a user, which is 32 MiB by default, 1 MiB
    /// and then 256 KiB each. A direction that gets none is copied. A splice into a
    /// connection that is gone raises `SIGPIPE`, which Rust programs ignore from their start on; switch
    /// splicing off in a process that does not.
    #[must_use]
    pub const fn splice(mut self, splice: bool) -> Self {
        self.splice = splice;
        self
    }

    /// The time without an octet after which a tunnel ends.
    pub(super) fn patience(&self, half_closed: bool) -> Duration {
        match half_closed {
            true => self.half_closed_timeout.min(self.idle_timeout),
            false => self.idle_timeout,
        }
    }

    pub(super) const fn splices(&self) -> bool {
        self.splice
    }
}

impl<C, T> Service<Tunnel<C, T>> for AdaptiveRelay
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Response = RelayEnd;
    type Error = BoxError;
    type Future = AdaptiveRelayFuture<C, T>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, tunnel: Tunnel<C, T>) -> Self::Future {
        AdaptiveRelayFuture::new(*self, tunnel)
    }
}
