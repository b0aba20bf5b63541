use std::{
    any::Any,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use socks_core::message::{Extensions, Permit, Terms};
use tower_service::Service;

use crate::{Incoming, SessionReport};

/// What came of the question.
#[allow(
    clippy::large_enum_variant,
    reason = "moved once; a box would be an allocation more for each session"
)]
pub(super) enum Asked<Io> {
    Admitted(Incoming<Io>, Kept),
    Refused(Box<SessionReport>),
}

/// What is kept of the permit until the session is over.
pub(super) struct Kept {
    _held: (Option<Arc<dyn Any + Send + Sync>>, Extensions),
    pub(super) terms: Option<Arc<Terms>>,
}

impl Kept {
    pub(super) fn new(permit: Permit) -> Self {
        Self {
            _held: (permit.guard, permit.extensions),
            terms: permit.terms,
        }
    }
}

/// Its memory is gone when the session begins.
type Asking<Io> = Pin<Box<dyn Future<Output = Asked<Io>> + Send>>;

pin_project! {
    /// The question about a connection and then its session.
    ///
    /// # Cancel safety
    ///
    /// Dropping it closes the connection, and gives back what the permit's guard stands for.
    pub struct AdmissionFuture<S, F, Io> {
        #[pin]
        state: State<S, F, Io>,
    }
}

pin_project! {
    #[project = StateProject]
    enum State<S, F, Io> {
        Asking {
            asking: Asking<Io>,
            ready: S,
        },
        // In this order: the session ends before its guard does.
        Serving {
            #[pin]
            future: F,
            kept: Option<Kept>,
        },
    }
}

impl<S, F, Io> AdmissionFuture<S, F, Io> {
    pub(super) fn new(asking: Asking<Io>, ready: S) -> Self {
        Self {
            state: State::Asking { asking, ready },
        }
    }
}

impl<S, Io> Future for AdmissionFuture<S, S::Future, Io>
where
    S: Service<Incoming<Io>, Response = SessionReport>,
{
    type Output = Result<SessionReport, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let (future, kept) = match this.state.as_mut().project() {
                StateProject::Asking { asking, ready } => match ready!(asking.as_mut().poll(cx)) {
                    Asked::Admitted(incoming, kept) => (ready.call(incoming), Some(kept)),
                    Asked::Refused(report) => return Poll::Ready(Ok(*report)),
                },
                StateProject::Serving { future, kept } => {
                    let mut result = ready!(future.poll(cx));
                    if let (Ok(report), Some(kept)) = (&mut result, kept.take())
                        && report.terms.is_none()
                    {
                        report.terms = kept.terms;
                    }
                    return Poll::Ready(result);
                }
            };
            this.state.set(State::Serving { future, kept });
        }
    }
}

impl<S, F, Io> fmt::Debug for AdmissionFuture<S, F, Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdmissionFuture").finish_non_exhaustive()
    }
}
