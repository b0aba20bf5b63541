use std::{
    any::Any,
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use socks_core::message::{Extensions, Permit};
use tokio::time::Instant;

use super::driver::Permits;
use crate::{BoxError, Cut, RelayEnd, SessionEnd, SessionReport, Traffic};

/// A session under way.
///
/// # Cancel safety
///
/// Dropping it closes the client's connection and everything that was opened for it; there is no
/// report then. Polled after its end it may panic or stay pending.
pub struct SocksFuture(Stage);

/// The handshake's memory is gone when the tunnel is open.
enum Stage {
    Handshake(Pin<Box<dyn Future<Output = AfterHandshake> + Send>>),
    Tunnel(OpenedTunnel),
}

/// A tunnel whose relay is not known by its type any more.
pub(super) type OpenedTunnel = Pin<Box<dyn Future<Output = Box<SessionReport>> + Send>>;

/// What a handshake came to.
pub(super) enum AfterHandshake {
    Ended(Box<SessionReport>),
    Tunnel(OpenedTunnel),
}

impl SocksFuture {
    pub(super) fn new(handshake: impl Future<Output = AfterHandshake> + Send + 'static) -> Self {
        Self(Stage::Handshake(Box::pin(handshake)))
    }
}

impl Future for SocksFuture {
    type Output = Result<SessionReport, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                Stage::Handshake(handshake) => match ready!(handshake.as_mut().poll(cx)) {
                    AfterHandshake::Ended(report) => return Poll::Ready(Ok(*report)),
                    AfterHandshake::Tunnel(tunnel) => self.0 = Stage::Tunnel(tunnel),
                },
                Stage::Tunnel(tunnel) => {
                    let report = ready!(tunnel.as_mut().poll(cx));
                    return Poll::Ready(Ok(*report));
                }
            }
        }
    }
}

impl fmt::Debug for SocksFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.0 {
            Stage::Handshake(_) => "handshake",
            Stage::Tunnel(_) => "tunnel",
        };
        f.debug_tuple("SocksFuture").field(&stage).finish()
    }
}

pin_project! {
    /// A session whose tunnel is open: all that it holds from here on.
    pub(super) struct OpenTunnel<F> {
        #[pin]
        relay: Option<F>,
        kept: Option<Kept>,
    }
}

pub(super) struct Kept {
    pub(super) guards: Guards,
    pub(super) report: Box<SessionReport>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) started: Instant,
}

/// What permits hold for as long as the session lasts, such as slots. The rest of them is only memory.
#[derive(Default)]
pub(super) struct Guards {
    _request: Guard,
    _peer: Guard,
}

type Guard = (Option<Arc<dyn Any + Send + Sync>>, Extensions);

impl Guards {
    pub(super) fn new((request, peer): &Permits) -> Self {
        let guard = |permit: &Permit| (permit.guard.clone(), permit.extensions.clone());
        Self {
            _request: guard(request),
            _peer: peer.as_deref().map(guard).unwrap_or_default(),
        }
    }
}

impl<F> OpenTunnel<F> {
    pub(super) fn new(relay: F, kept: Kept) -> Self {
        Self {
            relay: Some(relay),
            kept: Some(kept),
        }
    }
}

impl<F, E> Future for OpenTunnel<F>
where
    F: Future<Output = Result<RelayEnd, E>>,
    E: Into<BoxError>,
{
    type Output = Box<SessionReport>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(relay) = this.relay.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let ended = ready!(relay.poll(cx));
        // The connections are closed before anybody hears of the end.
        this.relay.set(None);
        let Some(kept) = this.kept.take() else {
            return Poll::Pending;
        };
        let Kept {
            guards,
            mut report,
            traffic,
            started,
        } = kept;
        drop(guards);
        report.end = match ended {
            Ok(RelayEnd::Closed) => SessionEnd::Closed,
            Ok(RelayEnd::Idle) => SessionEnd::Idle,
            Ok(RelayEnd::Reset(side)) => SessionEnd::Reset(side),
            Ok(RelayEnd::Cut(cut)) => report.cut(&cut),
            Err(error) => {
                let error = error.into();
                match Cut::of(&*error) {
                    Some(cut) => report.cut(cut),
                    None => SessionEnd::Relay(error),
                }
            }
        };
        report.complete(&traffic, started);
        Poll::Ready(report)
    }
}
