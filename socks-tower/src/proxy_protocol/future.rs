use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{Incoming, SessionReport};

pin_project! {
    /// The header is read, then the session served.
    ///
    /// # Cancel safety
    ///
    /// Dropping it closes the connection, or drops the session.
    pub struct ProxyProtocolFuture<Io, S, F> {
        #[pin]
        state: State<Io, S, F>,
    }
}

/// The connection behind its header, or why there is none.
pub(super) type Read<Io> = Result<Incoming<Io>, Box<SessionReport>>;

pin_project! {
    #[project = StateProject]
    enum State<Io, S, F> {
        Reading {
            // Boxed, so that a session does not make room for it.
            header: Pin<Box<dyn Future<Output = Read<Io>> + Send>>,
            ready: S,
        },
        Serving {
            #[pin]
            future: F,
        },
    }
}

impl<Io, S, F> ProxyProtocolFuture<Io, S, F> {
    pub(super) fn reading(
        header: impl Future<Output = Read<Io>> + Send + 'static,
        ready: S,
    ) -> Self {
        let header = Box::pin(header);
        Self {
            state: State::Reading { header, ready },
        }
    }

    pub(super) fn serving(future: F) -> Self {
        Self {
            state: State::Serving { future },
        }
    }
}

impl<Io, S> Future for ProxyProtocolFuture<Io, S, S::Future>
where
    S: Service<Incoming<Io>, Response = SessionReport>,
{
    type Output = Result<SessionReport, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let future = match this.state.as_mut().project() {
                StateProject::Reading { header, ready } => match ready!(header.as_mut().poll(cx)) {
                    Ok(incoming) => ready.call(incoming),
                    Err(report) => return Poll::Ready(Ok(*report)),
                },
                StateProject::Serving { future } => return future.poll(cx),
            };
            this.state.set(State::Serving { future });
        }
    }
}

impl<Io, S, F> fmt::Debug for ProxyProtocolFuture<Io, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyProtocolFuture")
            .finish_non_exhaustive()
    }
}
