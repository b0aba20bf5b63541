use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{BoxError, Incoming};

pin_project! {
    /// The closure's future and then the inner service's.
    pub struct MapIncomingFuture<M, S, F> {
        #[pin]
        state: State<M, S, F>,
    }
}

pin_project! {
    #[project = StateProject]
    enum State<M, S, F> {
        Mapping {
            #[pin]
            map: M,
            ready: S,
        },
        Serving {
            #[pin]
            future: F,
        },
    }
}

impl<M, S, F> MapIncomingFuture<M, S, F> {
    pub(super) fn new(map: M, ready: S) -> Self {
        Self {
            state: State::Mapping { map, ready },
        }
    }
}

impl<M, S, E, Io> Future for MapIncomingFuture<M, S, S::Future>
where
    M: Future<Output = Result<Incoming<Io>, E>>,
    S: Service<Incoming<Io>, Error: Into<BoxError>>,
    E: Into<BoxError>,
{
    type Output = Result<S::Response, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let future = match this.state.as_mut().project() {
                StateProject::Mapping { map, ready } => {
                    ready.call(ready!(map.poll(cx)).map_err(Into::into)?)
                }
                StateProject::Serving { future } => return future.poll(cx).map_err(Into::into),
            };
            this.state.set(State::Serving { future });
        }
    }
}

impl<M, S, F> fmt::Debug for MapIncomingFuture<M, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIncomingFuture").finish_non_exhaustive()
    }
}
