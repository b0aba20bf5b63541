use std::task::{Context, Poll};

use tower_service::Service;

use super::{Sessions, SessionsFuture};
use crate::{Incoming, SessionReport};

/// The service that [`SessionsLayer`](super::SessionsLayer) makes.
#[derive(Clone, Debug)]
pub struct WithSessions<S> {
    pub(super) inner: S,
    pub(super) sessions: Sessions,
}

impl<S, Io> Service<Incoming<Io>> for WithSessions<S>
where
    S: Service<Incoming<Io>, Response = SessionReport>,
{
    type Response = SessionReport;
    type Error = S::Error;
    type Future = SessionsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut incoming: Incoming<Io>) -> Self::Future {
        let live = incoming.live();
        let inner = self.inner.call(incoming);
        SessionsFuture::new(inner, live, self.sessions.clone())
    }
}
