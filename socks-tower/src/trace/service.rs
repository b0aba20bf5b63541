use std::task::{Context, Poll};

use tower_service::Service;
use tracing::{Level, field::Empty, span};

use super::TraceFuture;
use crate::{Incoming, SessionReport};

/// The service that [`TraceLayer`](super::TraceLayer) makes.
#[derive(Clone, Debug)]
pub struct Trace<S> {
    pub(super) inner: S,
}

impl<S, Io> Service<Incoming<Io>> for Trace<S>
where
    S: Service<Incoming<Io>, Response = SessionReport>,
{
    type Response = SessionReport;
    type Error = S::Error;
    type Future = TraceFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, incoming: Incoming<Io>) -> Self::Future {
        let span = span!(
            Level::INFO,
            "session",
            id = %incoming.id,
            peer = %incoming.peer,
            listener = Empty,
        );
        if let Some(listener) = &incoming.listener {
            span.record("listener", &**listener);
        }
        let inner = span.in_scope(|| self.inner.call(incoming));
        TraceFuture {
            inner,
            span,
            done: false,
        }
    }
}
