use std::{
    fmt,
    future::Future,
    io::{self, ErrorKind::BrokenPipe},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep},
};
use tower_service::Service;

use super::{
    RelayEnd, Tunnel,
    direction::{Direction, Fault},
    scratch,
};
use crate::{BoxError, Side, Traffic, stream::reset_on_close, time::after};

/// The default relay: copies both ways, holds no buffer while a tunnel is idle, and works over any
/// pair of streams.
///
/// - Half-close is passed on after the last octet, and the other direction goes on (`SE-48`,
///   `SE-51`).
/// - A reset of one side becomes a reset of the other, on TCP (`SE-49`).
/// - The idle timeout slides with every octet, either way (`SE-21`).
#[derive(Clone, Copy, Debug)]
pub struct AdaptiveRelay {
    idle_timeout: Duration,
    half_closed_timeout: Duration,
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
        let Tunnel {
            client,
            target,
            traffic,
            ..
        } = tunnel;
        let now = Instant::now();
        AdaptiveRelayFuture {
            client,
            target,
            traffic,
            up: Direction::new(),
            down: Direction::new(),
            settings: *self,
            active: now,
            timer: tokio::time::sleep_until(after(now, self.idle_timeout)),
        }
    }
}

pin_project! {
    /// A tunnel under way.
    ///
    /// # Cancel safety
    ///
    /// Dropping it resets both connections, on TCP, unless the tunnel had ended. What was relayed until then stays counted in
    /// [`Tunnel::traffic`].
    pub struct AdaptiveRelayFuture<C, T>
    where
        C: 'static,
        T: 'static,
    {
        client: C,
        target: T,
        traffic: Arc<Traffic>,
        up: Direction,
        down: Direction,
        settings: AdaptiveRelay,
        active: Instant,
        #[pin]
        timer: Sleep,
    }

    impl<C, T> PinnedDrop for AdaptiveRelayFuture<C, T>
    where
        C: 'static,
        T: 'static,
    {
        /// A tunnel that ends before both directions have must not look complete (`SE-49`):
        /// by a fault, by the idle timeout, or because somebody dropped it.
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if !(this.up.is_done() && this.down.is_done()) {
                reset_on_close(this.client);
                reset_on_close(this.target);
            }
        }
    }
}

impl<C, T> Future for AdaptiveRelayFuture<C, T>
where
    C: AsyncRead + AsyncWrite + Unpin + 'static,
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    type Output = Result<RelayEnd, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut moved = 0;
        let ended_before = this.up.is_done() || this.down.is_done();
        let end = scratch::with(|scratch| {
            let mut sent = |octets: usize| {
                moved += octets;
                this.traffic.add_sent(octets as u64);
            };
            let up = this
                .up
                .poll_copy(cx, this.client, this.target, scratch, &mut sent);
            let up = match up {
                // The target had ended its half before it went away (a reset without that is
                // `ECONNRESET`), so the answer it gave may still be on its way to the client.
                // Resetting the client now could cost it the end of that: hear it out instead.
                Poll::Ready(Err(Fault::Sink(error))) if error.kind() == BrokenPipe => {
                    this.up.discard();
                    this.up
                        .poll_copy(cx, this.client, this.target, scratch, &mut |_| {})
                }
                up => up,
            };
            let mut received = |octets: usize| {
                moved += octets;
                this.traffic.add_received(octets as u64);
            };
            let down = this
                .down
                .poll_copy(cx, this.target, this.client, scratch, &mut received);
            end(up, Side::Client).or_else(|| end(down, Side::Target))
        });
        // Whatever ends here without both directions at their end is reset when it is dropped.
        if let Some(end) = end {
            return Poll::Ready(end);
        }
        if this.up.is_done() && this.down.is_done() {
            return Poll::Ready(Ok(RelayEnd::Closed));
        }

        let ended = this.up.is_done() || this.down.is_done();
        let timeout = match ended {
            true => this
                .settings
                .half_closed_timeout
                .min(this.settings.idle_timeout),
            false => this.settings.idle_timeout,
        };
        let mut timer = this.timer;
        if moved > 0 {
            *this.active = Instant::now();
        }
        if ended && !ended_before {
            *this.active = Instant::now();
            timer.as_mut().reset(after(*this.active, timeout));
        }
        // The timer is not moved with every octet; when it fires, it is set to what is left.
        while timer.as_mut().poll(cx).is_ready() {
            let due = after(*this.active, timeout);
            if due <= Instant::now() {
                return Poll::Ready(Ok(RelayEnd::Idle));
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}

/// How the tunnel ends because of a direction whose source is `source`; `None` if it goes on.
fn end(direction: Poll<Result<(), Fault>>, source: Side) -> Option<Result<RelayEnd, BoxError>> {
    let sink = match source {
        Side::Client => Side::Target,
        Side::Target => Side::Client,
    };
    let (error, side) = match direction {
        Poll::Ready(Err(Fault::Source(error))) => (error, source),
        Poll::Ready(Err(Fault::Sink(error))) => (error, sink),
        Poll::Ready(Ok(())) | Poll::Pending => return None,
    };
    Some(match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected => Ok(RelayEnd::Reset(side)),
        _ => Err(error.into()),
    })
}

impl<C: 'static, T: 'static> fmt::Debug for AdaptiveRelayFuture<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveRelayFuture")
            .field("up", &self.up)
            .field("down", &self.down)
            .finish_non_exhaustive()
    }
}
