use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{Addrs, ResolveError};

/// A lookup under way.
///
/// # Cancel safety
///
/// Dropping it gives the lookup up. A lookup that the operating system does cannot be stopped; it
/// counts against the resolver's bound until it ends.
#[must_use = "futures do nothing unless polled"]
pub struct ResolveFuture(Pin<Box<dyn Future<Output = Result<Addrs, ResolveError>> + Send>>);

impl ResolveFuture {
    pub(super) fn new(
        lookup: impl Future<Output = Result<Addrs, ResolveError>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(lookup))
    }
}

impl Future for ResolveFuture {
    type Output = Result<Addrs, ResolveError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResolveFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolveFuture").finish_non_exhaustive()
    }
}
