use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{Addrs, BoxError};

/// A lookup under way, or in the queue for its turn.
///
/// # Cancel safety
///
/// Dropping it leaves the queue, or gives the lookup up. It counts until the resolver has given it up
/// as well.
#[must_use = "futures do nothing unless polled"]
pub struct LookupLimitFuture(Pin<Box<dyn Future<Output = Result<Addrs, BoxError>> + Send>>);

impl LookupLimitFuture {
    pub(super) fn new(
        lookup: impl Future<Output = Result<Addrs, BoxError>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(lookup))
    }
}

impl Future for LookupLimitFuture {
    type Output = Result<Addrs, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for LookupLimitFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupLimitFuture").finish_non_exhaustive()
    }
}
