use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::message::{AuthRequest, Authentication};
use tower_service::Service;

use super::{
    cache::{Cache, Slot},
    layer::Settings,
};
use crate::ask::{BoxAnswer, oneshot};

/// An authenticator behind a [`SuccessCacheLayer`](super::SuccessCacheLayer).
#[derive(Clone)]
pub struct SuccessCache<S> {
    inner: S,
    settings: Settings,
    cache: Arc<Cache>,
    scope: u64,
}

impl<S> SuccessCache<S> {
    pub(super) fn new(inner: S, settings: Settings, cache: Arc<Cache>, scope: u64) -> Self {
        Self {
            inner,
            settings,
            cache,
            scope,
        }
    }

    fn slot(&self, request: &AuthRequest) -> Option<Slot> {
        let plain = request.extensions.is_empty() && request.conn.extensions.is_empty();
        let settings = &self.settings;
        if settings.ttl.is_zero() || !(plain || settings.ignore_extensions) {
            return None;
        }
        self.cache.slot(request, self.scope)
    }
}

impl<S> Service<AuthRequest> for SuccessCache<S>
where
    S: Service<AuthRequest, Response = Authentication, Future: Send> + Clone + Send + 'static,
{
    type Response = Authentication;
    type Error = S::Error;
    type Future = SuccessCacheFuture<S::Error>;

    /// Always ready. The authenticator is waited for when it is asked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> Self::Future {
        let slot = self.slot(&request);
        let (inner, cache) = (self.inner.clone(), Arc::clone(&self.cache));
        let Settings { ttl, capacity, .. } = self.settings;
        SuccessCacheFuture(Box::pin(async move {
            let Some(slot) = slot else {
                return oneshot(inner, request).await;
            };
            if let Some(identity) = cache.get(&slot) {
                return Ok(Authentication::Accepted(identity));
            }
            let answer = oneshot(inner, request).await?;
            if let Authentication::Accepted(identity) = &answer
                && identity.extensions.is_empty()
            {
                cache.insert(slot, identity.clone(), ttl, capacity);
            }
            Ok(answer)
        }))
    }
}

impl<S> fmt::Debug for SuccessCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuccessCache")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The answer of a [`SuccessCache`].
///
/// # Cancel safety
///
/// Dropping it drops the authenticator's future, and nothing is remembered.
#[must_use = "futures do nothing unless polled"]
pub struct SuccessCacheFuture<E>(BoxAnswer<E>);

impl<E> Future for SuccessCacheFuture<E> {
    type Output = Result<Authentication, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<E> fmt::Debug for SuccessCacheFuture<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuccessCacheFuture").finish_non_exhaustive()
    }
}
