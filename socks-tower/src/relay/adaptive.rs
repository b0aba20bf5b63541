use std::{
    sync::Arc,
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
/// - A reset of one side becomes a reset of the other, on TCP (`SE-49`): at once or, while the other takes
///   nothing of what the first has said, so that nothing more is read from it, within 30 seconds.
/// - The idle timeout slides with every octet, either way (`SE-21`).
/// - A [`Meter`](crate::limit::Meter) in [`Permit::extensions`](socks_core::message::Permit::extensions)
///   bounds how much is read, spliced or not; a tunnel that waits for it is not idle. Once a volume is
///   used up the tunnel is [`Cut`](crate::Cut), with the reason `used_up`.
#[derive(Clone, Debug, Default)]
pub struct AdaptiveRelay {
    // A word in each tunnel, and a change is one allocation for all of them.
    settings: Arc<Settings>,
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    idle_timeout: Duration,
    half_closed_timeout: Duration,
    lifetime: Option<Duration>,
    splice: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(2 * 60 * 60),
            half_closed_timeout: Duration::from_secs(60),
            lifetime: None,
            splice: true,
        }
    }
}

impl AdaptiveRelay {
    /// An idle timeout of 2 hours, and of 60 seconds once one direction has ended.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }

    /// How long a tunnel lives without an octet in either direction.
    #[must_use]
    pub fn idle_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.idle_timeout = timeout)
    }

    /// The same once one direction has ended (`SE-50`); the shorter of the two counts.
    #[must_use]
    pub fn half_closed_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.half_closed_timeout = timeout)
    }

    /// How long a tunnel may last at most, busy or not; without a limit by default (`SE-21`). It is then
    /// cut, with the reason `lifetime`.
    #[must_use]
    pub fn max_lifetime(self, lifetime: impl Into<Option<Duration>>) -> Self {
        let lifetime = lifetime.into();
        self.with(|settings| settings.lifetime = lifetime)
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
    pub fn splice(self, splice: bool) -> Self {
        self.with(|settings| settings.splice = splice)
    }

    /// The time without an octet after which a tunnel ends.
    pub(super) fn patience(&self, half_closed: bool) -> Duration {
        let Settings {
            idle_timeout,
            half_closed_timeout,
            ..
        } = *self.settings;
        match half_closed {
            true => half_closed_timeout.min(idle_timeout),
            false => idle_timeout,
        }
    }

    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.settings.lifetime
    }

    pub(super) fn splices(&self) -> bool {
        self.settings.splice
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
        AdaptiveRelayFuture::new(self.clone(), tunnel)
    }
}
