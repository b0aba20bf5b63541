use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use socks_core::message::Verdict;

use super::{Limits, key::Subject, session::Session};

pin_project! {
    /// The access controller's answer, and then the limits'.
    ///
    /// # Cancel safety
    ///
    /// Dropping it takes nothing; a permit that it has answered gives back what it holds when it is
    /// dropped.
    pub struct LimitedFuture<F> {
        #[pin]
        inner: F,
        question: Option<Question>,
    }
}

/// Whom the limits are asked about.
pub(super) struct Question {
    pub(super) limits: Limits,
    pub(super) subject: Subject,
    pub(super) admitted: Option<Arc<Session>>,
}

impl<F> LimitedFuture<F> {
    pub(super) const fn new(inner: F, question: Option<Question>) -> Self {
        Self { inner, question }
    }
}

impl<F, E> Future for LimitedFuture<F>
where
    F: Future<Output = Result<Verdict, E>>,
{
    type Output = Result<Verdict, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let verdict = ready!(this.inner.poll(cx))?;
        Poll::Ready(Ok(match this.question.take() {
            Some(question) => question.answer(verdict),
            None => verdict,
        }))
    }
}

impl<F> fmt::Debug for LimitedFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedFuture").finish_non_exhaustive()
    }
}
