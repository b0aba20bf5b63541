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

use super::{
    AdaptiveRelay, Cut, RelayEnd, Tunnel,
    direction::{Direction, Ends, Fault},
    metering::{Metering, Unbound},
    scratch,
};
use crate::{
    BoxError, Side, Traffic,
    limit::{Meter, MeterFlow},
    stream::{broken, reset_on_close},
    time::after,
    udp,
};

/// After how long without an octet either way it is looked whether the source of a direction that is
/// held up is still there. Not at once: what it said before it was reset is worth something to a sink
/// that is only slow.
const HELD_UP: Duration = Duration::from_secs(30);

pin_project! {
    #[project = AdaptiveRelayFutureProjection]
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
        // Boxed: most tunnels have none.
        meters: Option<Box<Meters>>,
        settings: AdaptiveRelay,
        active: Instant,
        // When it ends, busy or not.
        over: Option<Instant>,
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

/// The earlier of the two, if there are two.
fn first(at: Instant, over: Option<Instant>) -> Instant {
    over.map_or(at, |over| at.min(over))
}

/// What bounds the two directions.
#[derive(Debug)]
struct Meters {
    up: MeterFlow,
    down: MeterFlow,
}

impl Meters {
    fn of(meter: &Meter) -> Box<Self> {
        Box::new(Self {
            up: meter.flow(udp::Direction::ToTarget),
            down: meter.flow(udp::Direction::ToClient),
        })
    }
}

impl<C, T> AdaptiveRelayFuture<C, T> {
    pub(super) fn new(settings: AdaptiveRelay, tunnel: Tunnel<C, T>) -> Self {
        let Tunnel {
            client,
            target,
            traffic,
            permit,
            ..
        } = tunnel;
        let now = Instant::now();
        let over = settings.lifetime().map(|lifetime| after(now, lifetime));
        let idle = after(now, settings.patience(false));
        Self {
            client,
            target,
            traffic,
            up: Direction::new(),
            down: Direction::new(),
            meters: permit.extensions.get().map(Meters::of),
            active: now,
            timer: tokio::time::sleep_until(first(idle, over)),
            over,
            settings,
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
        let mut this = self.project();
        let ended_before = this.up.is_done() || this.down.is_done();
        let (end, moved) = scratch::with(|scratch| match this.meters.take() {
            None => poll_both(&mut this, (&mut Unbound, &mut Unbound), cx, scratch),
            Some(meters) => poll_metered(&mut this, meters, cx, scratch),
        });
        // Whatever ends here without both directions at their end is reset when it is dropped.
        if let Some(end) = end {
            return Poll::Ready(end);
        }
        if this.up.is_done() && this.down.is_done() {
            return Poll::Ready(Ok(RelayEnd::Closed));
        }

        let ended = this.up.is_done() || this.down.is_done();
        let timeout = this.settings.patience(ended);
        let mut timer = this.timer;
        // Whoever waits for its turn is not idle.
        let waits = |meters: &Meters| {
            this.up.is_moving() && meters.up.is_waiting()
                || this.down.is_moving() && meters.down.is_waiting()
        };
        if moved > 0 || this.meters.as_deref().is_some_and(waits) {
            *this.active = Instant::now();
        }
        if ended && !ended_before {
            *this.active = Instant::now();
            timer
                .as_mut()
                .reset(first(after(*this.active, timeout), *this.over));
        }
        let held_up = this.up.is_held_up() || this.down.is_held_up();
        let look = held_up.then(|| after(*this.active, HELD_UP));
        if let Some(look) = look.filter(|look| *look < timer.deadline()) {
            timer.as_mut().reset(look);
        }
        // The timer is not moved with every octet; when it fires, it is set to what is left.
        while timer.as_mut().poll(cx).is_ready() {
            let (now, due) = (Instant::now(), after(*this.active, timeout));
            if due <= now {
                return Poll::Ready(Ok(RelayEnd::Idle));
            }
            if this.over.is_some_and(|over| over <= now) {
                return Poll::Ready(Ok(RelayEnd::Cut(Cut::new("lifetime"))));
            }
            let due = first(due, *this.over);
            let next = match look {
                None => due,
                Some(look) if look > now => due.min(look),
                Some(_) => {
                    let up = lost(this.up, this.client, Side::Client);
                    let lost = up.or_else(|| lost(this.down, this.target, Side::Target));
                    if let Some(end) = lost {
                        return Poll::Ready(end);
                    }
                    due.min(after(now, HELD_UP))
                }
            };
            timer.as_mut().reset(next);
        }
        Poll::Pending
    }
}

/// The same as [`poll_both`] where something bounds them. Code of its own, which the other has no part of.
#[cold]
#[inline(never)]
fn poll_metered<C, T>(
    this: &mut AdaptiveRelayFutureProjection<'_, C, T>,
    mut meters: Box<Meters>,
    cx: &mut Context<'_>,
    scratch: &mut [u8],
) -> (Option<Result<RelayEnd, BoxError>>, usize)
where
    C: AsyncRead + AsyncWrite + Unpin + 'static,
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let Meters { up, down } = &mut *meters;
    let polled = poll_both(this, (up, down), cx, scratch);
    *this.meters = Some(meters);
    polled
}

/// Moves what can be moved now, both ways: how the tunnel ends, if it does, and how many octets that
/// were.
fn poll_both<C, T, M>(
    this: &mut AdaptiveRelayFutureProjection<'_, C, T>,
    meters: (&mut M, &mut M),
    cx: &mut Context<'_>,
    scratch: &mut [u8],
) -> (Option<Result<RelayEnd, BoxError>>, usize)
where
    C: AsyncRead + AsyncWrite + Unpin + 'static,
    T: AsyncRead + AsyncWrite + Unpin + 'static,
    M: Metering,
{
    let (splice, traffic) = (this.settings.splices(), &**this.traffic);
    let (mut sent, mut received) = (0, 0);
    let mut ends = Ends {
        source: &mut *this.client,
        sink: &mut *this.target,
        scratch: &mut *scratch,
        splice,
        meter: meters.0,
        closing: this.down.is_heard_out(),
        moved: &mut |octets| {
            sent += octets;
            traffic.add_sent(octets as u64);
        },
    };
    let mut up = this.up.poll_move(cx, &mut ends);
    if let Poll::Ready(Err(Fault::Sink(error))) = &up
        && error.kind() == BrokenPipe
    {
        // The target had ended its half before it went away (a reset without that is
        // `ECONNRESET`), so the answer it gave may still be on its way to the client. Resetting
        // the client now could cost it the end of that: hear it out instead.
        this.up.discard();
        up = this.up.poll_move(cx, &mut ends);
    }
    // The error was told once: the other direction would find a clean end in its place and pass that
    // on ahead of the reset (SE-49).
    if let Some(end) = end(up, Side::Client) {
        return (Some(end), sent);
    }
    let mut ends = Ends {
        source: &mut *this.target,
        sink: &mut *this.client,
        scratch,
        splice,
        meter: meters.1,
        closing: this.up.is_heard_out(),
        moved: &mut |octets| {
            received += octets;
            traffic.add_received(octets as u64);
        },
    };
    let down = this.down.poll_move(cx, &mut ends);
    (end(down, Side::Target), sent + received)
}

/// How the tunnel ends because the source of a direction that is held up, so that nothing is read from
/// it, has reset its connection meanwhile; `None` if it has not, or is not plain TCP.
fn lost<S: 'static>(
    direction: &Direction,
    source: &S,
    side: Side,
) -> Option<Result<RelayEnd, BoxError>> {
    let error = direction.is_held_up().then(|| broken(source))??;
    end(Poll::Ready(Err(Fault::Source(error))), side)
}

/// How the tunnel ends because of a direction whose source is `source`; `None` if it goes on.
#[inline]
fn end(direction: Poll<Result<(), Fault>>, source: Side) -> Option<Result<RelayEnd, BoxError>> {
    match direction {
        Poll::Ready(Err(fault)) => Some(ended_by(fault, source)),
        Poll::Ready(Ok(())) | Poll::Pending => None,
    }
}

#[cold]
fn ended_by(fault: Fault, source: Side) -> Result<RelayEnd, BoxError> {
    let sink = match source {
        Side::Client => Side::Target,
        Side::Target => Side::Client,
    };
    let (error, side) = match fault {
        Fault::Source(error) => (error, source),
        Fault::Sink(error) => (error, sink),
    };
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected => Ok(RelayEnd::Reset(side)),
        _ => match Cut::of(&error) {
            Some(cut) => Ok(RelayEnd::Cut(cut.clone())),
            None => Err(error.into()),
        },
    }
}

impl<C: 'static, T: 'static> fmt::Debug for AdaptiveRelayFuture<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveRelayFuture")
            .field("up", &self.up)
            .field("down", &self.down)
            .finish_non_exhaustive()
    }
}
