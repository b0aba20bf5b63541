use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use socks_core::message::Authentication;

use super::Htgroup;

pin_project! {
    /// The answer of [`AddGroups`](super::AddGroups).
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the inner future.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct AddGroupsFuture<F> {
        #[pin]
        inner: F,
        groups: Htgroup,
    }
}

impl<F> AddGroupsFuture<F> {
    pub(super) fn new(inner: F, groups: Htgroup) -> Self {
        Self { inner, groups }
    }
}

impl<F: Future<Output = Result<Authentication, E>>, E> Future for AddGroupsFuture<F> {
    type Output = Result<Authentication, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.inner.poll(cx));
        Poll::Ready(answer.map(|answer| match answer {
            Authentication::Accepted(identity) => {
                Authentication::Accepted(this.groups.add_to(identity))
            }
            rejected => rejected,
        }))
    }
}
