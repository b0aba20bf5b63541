use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use socks_core::message::Authentication;

use super::started::Running;

/// A session, and the lookup about its connection beside it.
///
/// # Cancel safety
///
/// Dropping it ends both.
// Boxed: it is no larger than the session alone, so that whoever may have ident and does not, as
// `tower`'s `Either` and `option_layer` make it, keeps no room for it in each open tunnel.
#[derive(Debug)]
pub struct IdentAcceptFuture<F>(Pin<Box<Both<F>>>);

pin_project! {
    #[derive(Debug)]
    struct Both<F> {
        #[pin]
        session: F,
        running: Option<Running>,
    }
}

impl<F> IdentAcceptFuture<F> {
    pub(super) fn new(session: F, running: Option<Running>) -> Self {
        Self(Box::pin(Both { session, running }))
    }
}

impl<F: Future> Future for IdentAcceptFuture<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.0.as_mut().project();
        // First, so that a session that waits for the answer has it.
        if let Some(running) = this.running
            && running.poll(cx).is_ready()
        {
            *this.running = None;
        }
        let polled = this.session.poll(cx);
        if polled.is_ready() {
            *this.running = None;
        }
        polled
    }
}

/// The authenticator's answer, and what ident makes of it.
///
/// # Cancel safety
///
/// Dropping it drops the authenticator's future, or the lookup where it waits.
#[must_use = "futures do nothing unless polled"]
pub struct IdentFuture<E>(
    pub(super) Pin<Box<dyn Future<Output = Result<Authentication, E>> + Send>>,
);

impl<E> Future for IdentFuture<E> {
    type Output = Result<Authentication, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<E> fmt::Debug for IdentFuture<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentFuture").finish_non_exhaustive()
    }
}
