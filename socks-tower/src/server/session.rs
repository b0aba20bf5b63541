use std::{
    error::Error,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_util::{FutureExt, future::CatchUnwind};
use pin_project_lite::pin_project;
use socks_core::message::{Endpoint, SessionId};
use tower_service::Service;
use tracing::{debug, error};

use crate::{BoxError, Incoming};

pin_project! {
    /// One connection being served. Neither its error nor its panic reaches the accept loop.
    pub(super) struct Session<F> {
        #[pin]
        response: CatchUnwind<AssertUnwindSafe<F>>,
        id: SessionId,
        peer: Endpoint,
    }
}

impl<F> Session<F> {
    /// Serves `incoming` with a service that is ready. `None` if it panics at once.
    pub(super) fn begin<S, Io>(mut service: S, incoming: Incoming<Io>) -> Option<Self>
    where
        S: Service<Incoming<Io>, Future = F>,
        F: Future,
    {
        let (id, peer) = (incoming.id, incoming.peer.clone());
        // The future alone is kept: with the service and the connection beside it, it would be
        // larger for as long as the session lasts.
        match catch_unwind(AssertUnwindSafe(|| service.call(incoming))) {
            Ok(response) => Some(Self {
                response: AssertUnwindSafe(response).catch_unwind(),
                id,
                peer,
            }),
            Err(_) => {
                panicked(id, &peer);
                None
            }
        }
    }
}

impl<F, T, E> Future for Session<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        match ready!(this.response.poll(cx)) {
            Ok(Ok(_)) => {}
            Ok(Err(cause)) => {
                let (cause, session, peer) = (cause.into(), this.id, this.peer);
                debug!(%session, %peer, error = &*cause as &(dyn Error + 'static), "session failed");
            }
            Err(_) => panicked(*this.id, this.peer),
        }
        Poll::Ready(())
    }
}

/// The payload may hold anything, even a secret; the panic hook has seen it.
fn panicked(session: SessionId, peer: &Endpoint) {
    error!(%session, %peer, "session panicked");
}
