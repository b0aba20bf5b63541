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

#[cfg(test)]
mod tests {
    use socks_core::{
        UserId,
        message::{Credentials, Identity},
    };
    use tower::{ServiceExt, limit::ConcurrencyLimit, service_fn};

    use super::*;
    use crate::{
        NoAuth, StaticUsers,
        tests::{other_credentials, password, request},
    };

    async fn ask(service: &ByMethod, method: Method, credentials: Credentials) -> Option<Identity> {
        let mut question = request(credentials);
        question.method = method;
        match service.clone().oneshot(question).await.unwrap() {
            Authentication::Accepted(identity) => Some(identity),
            Authentication::Rejected(_) => None,
        }
    }

    /// Accepts whatever was negotiated.
    fn everybody()
    -> impl Service<AuthRequest, Response = Authentication, Error = BoxError, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static {
        service_fn(|request: AuthRequest| async move {
            let user = Identity::user("somebody", request.method);
            Ok::<_, BoxError>(Authentication::Accepted(user))
        })
    }

    #[tokio::test]
    async fn each_method_has_its_own() {
        let users = StaticUsers::from_iter([("alice", "secret")]);
        let service = ByMethod::new()
            .method(Method::USERNAME_PASSWORD, users)
            .method(Method::GSSAPI, everybody())
            .method(Method(0x80), everybody());
        let [_, _, chap, gssapi, other] = other_credentials();
        for (method, credentials, user) in [
            (
                Method::USERNAME_PASSWORD,
                password("alice", "secret"),
                Some("alice"),
            ),
            (Method::USERNAME_PASSWORD, password("alice", "wrong"), None),
            (Method::GSSAPI, gssapi, Some("somebody")),
            (Method(0x80), other.clone(), Some("somebody")),
            (Method(0x81), other, None),
            (Method::CHAP, chap, None),
        ] {
            let identity = ask(&service, method, credentials).await;
            assert_eq!(
                identity.and_then(|identity| identity.user),
                user.map(Into::into)
            );
        }
        assert_eq!(format!("{service:?}"), "{gssapi, username/password, 0x80}");
    }

    /// S4-2, SE-36: where nobody is set for method 00, neither is SOCKS4 let in.
    #[tokio::test]
    async fn nobody_is_set_for_00() {
        let none = Method::NO_AUTHENTICATION;
        let user_id = Credentials::UserId(UserId::new(b"alice").unwrap());
        let closed = ByMethod::new().method(Method::USERNAME_PASSWORD, everybody());
        assert!(ask(&closed, none, Credentials::None).await.is_none());
        assert!(ask(&closed, none, user_id.clone()).await.is_none());
        let open = closed.clone().method(none, NoAuth::new());
        assert!(ask(&open, none, Credentials::None).await.is_some());
        let claimed = ask(&open, none, user_id).await.unwrap();
        assert_eq!(
            (claimed.user, claimed.claimed),
            (None, Some("alice".into()))
        );
        assert!(
            ask(&closed, none, Credentials::None).await.is_none(),
            "unchanged"
        );
    }

    /// UP-17: an authenticator that fails is an error, not an answer.
    #[tokio::test]
    async fn errors_pass() {
        let broken = service_fn(|_: AuthRequest| async { Err::<Authentication, _>("broken") });
        let service = ByMethod::new().method(Method::USERNAME_PASSWORD, broken);
        let error = service
            .oneshot(request(password("alice", "secret")))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "broken");
    }

    /// An authenticator is waited for, and others are not meanwhile.
    #[tokio::test(start_paused = true)]
    async fn readiness_is_each_ones_own() {
        let busy = ConcurrencyLimit::new(everybody(), 0);
        let service = ByMethod::new()
            .method(Method::USERNAME_PASSWORD, busy)
            .method(Method::GSSAPI, everybody());
        let waits = ask(
            &service,
            Method::USERNAME_PASSWORD,
            password("alice", "secret"),
        );
        let waits = tokio::time::timeout(std::time::Duration::from_secs(1), waits);
        assert!(waits.await.is_err());
        let credentials = Credentials::Gssapi {
            principal: "alice".into(),
        };
        assert!(ask(&service, Method::GSSAPI, credentials).await.is_some());
    }
}
