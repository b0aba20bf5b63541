use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::message::{AuthRequest, Authentication};
use tower_service::Service;

use crate::{Authenticate, BoxError};

/// Makes an [`Authenticate`] the `Service` that a server takes. Clones share it.
///
/// An `Arc<dyn Authenticate>` that was chosen at run time works as well.
pub struct AuthenticateService<A> {
    inner: Arc<A>,
}

impl<A: Authenticate> AuthenticateService<A> {
    /// Asks `authenticate`.
    pub fn new(authenticate: A) -> Self {
        Self {
            inner: Arc::new(authenticate),
        }
    }
}

impl<A> Clone for AuthenticateService<A> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

// Says nothing of the store, which may hold secrets and need not be `Debug`.
impl<A> fmt::Debug for AuthenticateService<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateService")
            .finish_non_exhaustive()
    }
}

impl<A: Authenticate> Service<AuthRequest> for AuthenticateService<A> {
    type Response = Authentication;
    type Error = BoxError;
    type Future = AuthenticateFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> AuthenticateFuture {
        let inner = Arc::clone(&self.inner);
        AuthenticateFuture::new(async move { inner.authenticate(request).await })
    }
}

/// The answer of an [`AuthenticateService`], and of the back ends that are one themselves.
///
/// # Cancel safety
///
/// Dropping it drops the future of [`Authenticate`] where it waits.
#[must_use = "futures do nothing unless polled"]
pub struct AuthenticateFuture(
    Pin<Box<dyn Future<Output = Result<Authentication, BoxError>> + Send>>,
);

impl AuthenticateFuture {
    pub(crate) fn new(
        answer: impl Future<Output = Result<Authentication, BoxError>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(answer))
    }
}

impl Future for AuthenticateFuture {
    type Output = Result<Authentication, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for AuthenticateFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticateFuture").finish_non_exhaustive()
    }
}

/// Makes a cheaply cloned [`Authenticate`] the `Service` that a server takes, as it is.
#[cfg(any(
    feature = "htpasswd",
    feature = "http",
    feature = "pam",
    feature = "sql"
))]
macro_rules! impl_service {
    ($store:ty) => {
        impl tower_service::Service<socks_core::message::AuthRequest> for $store {
            type Response = socks_core::message::Authentication;
            type Error = $crate::BoxError;
            type Future = $crate::AuthenticateFuture;

            fn poll_ready(
                &mut self,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Result<(), Self::Error>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: socks_core::message::AuthRequest) -> Self::Future {
                let store = self.clone();
                $crate::AuthenticateFuture::new(async move {
                    $crate::Authenticate::authenticate(&store, request).await
                })
            }
        }
    };
}

#[cfg(any(
    feature = "htpasswd",
    feature = "http",
    feature = "pam",
    feature = "sql"
))]
pub(crate) use impl_service;
