use std::{
    sync::{Arc, LazyLock},
    task::{Context, Poll},
};

use socks_core::{ReplyCode, message::Denial};
use tower_service::Service;

use super::{
    HalfOpenFuture,
    counts::Counts,
    place::{HalfOpenPlace, Leaving},
};
use crate::{Incoming, SessionReport, clients::host};

/// The service that [`HalfOpenLayer`](super::HalfOpenLayer) makes.
#[derive(Clone, Debug)]
pub struct HalfOpen<S> {
    pub(super) inner: S,
    pub(super) counts: Arc<Counts>,
}

impl<S, Io> Service<Incoming<Io>> for HalfOpen<S>
where
    S: Service<Incoming<Io>, Response = SessionReport>,
    Io: 'static,
{
    type Response = SessionReport;
    type Error = S::Error;
    type Future = HalfOpenFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut incoming: Incoming<Io>) -> Self::Future {
        let network = incoming.peer.ip().map(host);
        if !self.counts.enter(network) {
            return HalfOpenFuture::refused(incoming.refuse(denial()));
        }
        let outer = incoming.extensions.get().cloned().map(Arc::new);
        let place = HalfOpenPlace::new(Arc::clone(&self.counts), network, outer);
        let leaving = Leaving(place.clone());
        incoming.extensions.insert(place);
        HalfOpenFuture::serving(self.inner.call(incoming), leaving)
    }
}

fn denial() -> Denial {
    static LIMIT: LazyLock<Arc<str>> = LazyLock::new(|| "half-open".into());
    Denial::new(ReplyCode::NOT_ALLOWED).limit(Arc::clone(&LIMIT))
}
