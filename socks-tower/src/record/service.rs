use std::task::{Context, Poll};

use tower_service::Service;

use super::{Record, RecordFuture};
use crate::{Incoming, SessionReport};

/// The service that [`RecordLayer`](super::RecordLayer) makes.
#[derive(Clone, Debug)]
pub struct Recorded<S, R> {
    pub(super) inner: S,
    pub(super) record: R,
}

impl<S, R, Io> Service<Incoming<Io>> for Recorded<S, R>
where
    S: Service<Incoming<Io>, Response = SessionReport>,
    R: Record,
{
    type Response = SessionReport;
    type Error = S::Error;
    type Future = RecordFuture<S::Future, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut incoming: Incoming<Io>) -> Self::Future {
        let live = incoming.live();
        // First, for if it panics nothing has begun.
        let inner = self.inner.call(incoming);
        RecordFuture::new(inner, self.record.clone(), live)
    }
}
