use std::{
    fmt,
    future::Future,
    mem,
    task::{Context, Poll},
};

use tower_service::Service;

use super::MapIncomingFuture;
use crate::{BoxError, Incoming};

/// The service that [`MapIncomingLayer`](super::MapIncomingLayer) makes.
#[derive(Clone)]
pub struct MapIncoming<S, F> {
    pub(super) inner: S,
    pub(super) map: F,
}

impl<S, F, Fut, E, Io, Io2> Service<Incoming<Io>> for MapIncoming<S, F>
where
    S: Service<Incoming<Io2>, Error: Into<BoxError>> + Clone,
    F: FnMut(Incoming<Io>) -> Fut,
    Fut: Future<Output = Result<Incoming<Io2>, E>>,
    E: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = MapIncomingFuture<Fut, S, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, incoming: Incoming<Io>) -> Self::Future {
        // The service that was driven to readiness goes with the call, and its clone stays.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        MapIncomingFuture::new((self.map)(incoming), ready)
    }
}

impl<S: fmt::Debug, F> fmt::Debug for MapIncoming<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapIncoming")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
