use std::{
    fmt, mem,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::io::AsyncRead;
use tower_service::Service;

use super::{ProxyProtocolFuture, header, layer::From};
use crate::{Incoming, SessionReport};

/// The service that [`ProxyProtocolLayer`](super::ProxyProtocolLayer) makes.
#[derive(Clone)]
pub struct ProxyProtocol<S> {
    pub(super) inner: S,
    pub(super) from: Arc<From>,
}

impl<S, Io> Service<Incoming<Io>> for ProxyProtocol<S>
where
    S: Service<Incoming<Io>, Response = SessionReport> + Clone,
    Io: AsyncRead + Unpin + Send + 'static,
{
    type Response = SessionReport;
    type Error = S::Error;
    type Future = ProxyProtocolFuture<Io, S, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, incoming: Incoming<Io>) -> Self::Future {
        if !(self.from)(&incoming.peer, incoming.listener.as_deref()) {
            return ProxyProtocolFuture::serving(self.inner.call(incoming));
        }
        // The service that was driven to readiness goes with the call, and its clone stays.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        ProxyProtocolFuture::reading(header::read(incoming), ready)
    }
}

impl<S: fmt::Debug> fmt::Debug for ProxyProtocol<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyProtocol")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
