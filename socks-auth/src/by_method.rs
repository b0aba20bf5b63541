use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::{
    Method,
    message::{AuthRequest, Authentication},
};
use tower_service::Service;

use crate::{
    BoxError,
    ask::{Ask, BoxAnswer},
};

/// Asks another authenticator for each method, and rejects where none is set.
///
/// SOCKS4 counts as method 00 (`SE-36`); an authenticator set for 00 is asked about SOCKS4's user
/// ids as well as before 00 is selected. Clones share the authenticators.
///
/// ```
/// use socks_auth::{ByMethod, NoAuth, StaticUsers};
/// use socks_core::Method;
///
/// let users = StaticUsers::from_iter([("alice", "correct horse")]);
/// let authenticator = ByMethod::new()
///     .method(Method::USERNAME_PASSWORD, users)
///     .method(Method::NO_AUTHENTICATION, NoAuth::new());
/// ```
///
/// Which methods are on offer is the server's setting, such as a
/// [`MethodPolicy`](crate::MethodPolicy).
#[derive(Clone, Default)]
pub struct ByMethod {
    authenticators: Arc<BTreeMap<Method, Arc<dyn Ask>>>,
}

impl ByMethod {
    /// Rejects everybody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has `authenticator` decide where `method` was negotiated, in place of the one that was set
    /// for it before.
    #[must_use]
    pub fn method<S>(mut self, method: Method, authenticator: S) -> Self
    where
        S: Service<AuthRequest, Response = Authentication, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        Arc::make_mut(&mut self.authenticators).insert(method, Arc::new(authenticator));
        self
    }

    /// The methods that have an authenticator, in ascending order.
    pub fn methods(&self) -> impl Iterator<Item = Method> {
        self.authenticators.keys().copied()
    }
}

impl fmt::Debug for ByMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.methods()).finish()
    }
}

impl Service<AuthRequest> for ByMethod {
    type Response = Authentication;
    type Error = BoxError;
    type Future = ByMethodFuture;

    /// Always ready: each authenticator is waited for when it is asked.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> ByMethodFuture {
        let authenticator = self.authenticators.get(&request.method);
        ByMethodFuture(authenticator.map(|authenticator| authenticator.ask(request)))
    }
}

/// The answer of a [`ByMethod`].
///
/// # Cancel safety
///
/// Dropping it drops the future of the authenticator that was asked.
#[must_use = "futures do nothing unless polled"]
pub struct ByMethodFuture(Option<BoxAnswer<BoxError>>);

impl Future for ByMethodFuture {
    type Output = Result<Authentication, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Some(answer) => answer.as_mut().poll(cx),
            None => Poll::Ready(Ok(Authentication::rejected())),
        }
    }
}

impl fmt::Debug for ByMethodFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByMethodFuture").finish_non_exhaustive()
    }
}
