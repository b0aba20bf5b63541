use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use super::place::Leaving;
use crate::SessionReport;

pin_project! {
    /// A session that is counted while it is half-open, or the report of one that was refused.
    ///
    /// Dropping it ends the session and the counting. Polled after its end it stays pending or panics.
    pub struct HalfOpenFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProject]
    enum State<F> {
        Refused { report: Option<Box<SessionReport>> },
        Serving {
            #[pin]
            future: F,
            leaving: Option<Leaving>,
        },
    }
}

impl<F> HalfOpenFuture<F> {
    pub(super) fn refused(report: SessionReport) -> Self {
        let report = Some(Box::new(report));
        Self {
            state: State::Refused { report },
        }
    }

    pub(super) fn serving(future: F, leaving: Leaving) -> Self {
        let leaving = Some(leaving);
        Self {
            state: State::Serving { future, leaving },
        }
    }
}

impl<F, E> Future for HalfOpenFuture<F>
where
    F: Future<Output = Result<SessionReport, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            StateProject::Refused { report } => match report.take() {
                Some(report) => Poll::Ready(Ok(*report)),
                None => Poll::Pending,
            },
            StateProject::Serving { future, leaving } => {
                let result = ready!(future.poll(cx));
                *leaving = None;
                Poll::Ready(result)
            }
        }
    }
}

impl<F> fmt::Debug for HalfOpenFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HalfOpenFuture").finish_non_exhaustive()
    }
}
