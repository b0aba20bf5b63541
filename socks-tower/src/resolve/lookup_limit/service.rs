use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tower::ServiceExt;
use tower_service::Service;

use super::LookupLimitFuture;
use crate::{
    Addrs, BoxError, Name, ResolveError, ResolveErrorKind, Resolver,
    clients::{Clients, Place},
    resolve::limits::turn,
};

/// The resolver that [`LookupLimitLayer`](super::LookupLimitLayer) makes.
#[derive(Clone, Debug)]
pub struct LookupLimit<R> {
    pub(super) inner: R,
    pub(super) deadline: Duration,
    pub(super) clients: Arc<Clients>,
}

/// What a resolver holds of this layer with the name.
struct Held {
    _place: Option<Place>,
}

impl<R: Resolver> Service<Name> for LookupLimit<R> {
    type Response = Addrs;
    type Error = BoxError;
    type Future = LookupLimitFuture;

    /// Always ready: the resolver inside is asked for readiness once it is the lookup's turn, so that
    /// one that waits keeps nothing of it from others.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut name: Name) -> LookupLimitFuture {
        let Self {
            inner,
            deadline,
            clients,
        } = self.clone();
        LookupLimitFuture::new(async move {
            let place = tokio::time::timeout(deadline, turn(&clients, &name)).await;
            let late = |_| ResolveError::new(ResolveErrorKind::TimedOut);
            let place = place.map_err(late)??;
            let held = Arc::new(Held { _place: place });
            name.extensions.insert(Arc::clone(&held));
            let answer = inner.oneshot(name).await.map_err(Into::into);
            drop(held);
            answer
        })
    }
}
