use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Drain, EndReason, Live, Octets, Sessions, live::Order};
use crate::{SessionEnd, SessionReport, time::after};

pin_project! {
    /// A session that can be ended from outside.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the session, which leaves [`Sessions`] by that.
    pub struct SessionsFuture<F> {
        // Before the place, so that a session is gone before it is off the list.
        #[pin]
        inner: Option<F>,
        place: Place,
        draining: Option<Pin<Box<Draining>>>,
    }
}

/// A session's place in the list.
struct Place {
    live: Arc<Live>,
    sessions: Sessions,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sessions.leave(&self.live);
    }
}

impl<F> SessionsFuture<F> {
    pub(super) fn new(inner: F, live: Arc<Live>, sessions: Sessions) -> Self {
        sessions.enter(Arc::clone(&live));
        Self {
            inner: Some(inner),
            place: Place { live, sessions },
            draining: None,
        }
    }
}

impl<F, E> Future for SessionsFuture<F>
where
    F: Future<Output = Result<SessionReport, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let live = &this.place.live;
        let result = match order(live, this.draining, cx) {
            None => ready!(inner.poll(cx)),
            Some(reason) => Ok(live.report(SessionEnd::Ended(reason.into()))),
        };
        // The connections are closed before anybody hears of the end.
        this.inner.set(None);
        this.place.sessions.leave(live);
        Poll::Ready(result)
    }
}

/// Why the session ends now, if it does.
fn order(
    live: &Live,
    draining: &mut Option<Pin<Box<Draining>>>,
    cx: &mut Context<'_>,
) -> Option<EndReason> {
    match live.order(cx.waker())? {
        Order::End(reason) => Some(reason),
        Order::Drain(drain) => {
            let draining = draining.get_or_insert_with(|| Box::pin(Draining::new(live, drain)));
            draining
                .as_mut()
                .poll(live, cx)
                .then_some(EndReason::Drained)
        }
    }
}

pin_project! {
    /// Looks whether the session pauses.
    struct Draining {
        #[pin]
        look: Sleep,
        idle: Duration,
        until: Instant,
        seen: Octets,
    }
}

impl Draining {
    fn new(live: &Live, Drain { idle, limit }: Drain) -> Self {
        let now = Instant::now();
        let until = after(now, limit);
        Self {
            look: sleep_until(after(now, idle).min(until)),
            idle,
            until,
            seen: live.octets(),
        }
    }

    /// Whether it is over.
    fn poll(self: Pin<&mut Self>, live: &Live, cx: &mut Context<'_>) -> bool {
        let mut this = self.project();
        while this.look.as_mut().poll(cx).is_ready() {
            let (now, octets) = (Instant::now(), live.octets());
            if now >= *this.until || octets == *this.seen {
                return true;
            }
            *this.seen = octets;
            this.look
                .as_mut()
                .reset(after(now, *this.idle).min(*this.until));
        }
        false
    }
}

impl<F> fmt::Debug for SessionsFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsFuture")
            .field("live", &self.place.live)
            .finish_non_exhaustive()
    }
}
