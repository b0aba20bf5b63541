use std::{
    fmt,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll},
};

use socks_core::message::{AuthRequest, Authentication, ConnInfo, Credentials, Rejection};
use tokio::time::sleep;
use tower_service::Service;
use tracing::debug;

use super::{
    attempts::{Attempt, Attempts},
    layer::Settings,
};
use crate::ask::{BoxAnswer, oneshot};

/// An authenticator behind an [`AttemptLimitLayer`](super::AttemptLimitLayer).
#[derive(Clone, Debug)]
pub struct AttemptLimit<S> {
    inner: S,
    settings: Settings,
    pub(super) attempts: Arc<Attempts>,
}

impl<S> AttemptLimit<S> {
    pub(super) fn new(inner: S, settings: Settings, attempts: Arc<Attempts>) -> Self {
        Self {
            inner,
            settings,
            attempts,
        }
    }
}

impl<S> Service<AuthRequest> for AttemptLimit<S>
where
    S: Service<AuthRequest, Response = Authentication, Future: Send> + Clone + Send + 'static,
{
    type Response = Authentication;
    type Error = S::Error;
    type Future = AttemptLimitFuture<S::Error>;

    /// Always ready. The authenticator is waited for when it is asked, so that an attempt that is
    /// delayed or refused takes nothing of what it has to give.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> Self::Future {
        let (inner, settings) = (self.inner.clone(), self.settings.clone());
        if !is_attempt(&request.credentials) {
            return AttemptLimitFuture(Box::pin(oneshot(inner, request)));
        }
        let attempts = Arc::clone(&self.attempts);
        AttemptLimitFuture(Box::pin(async move {
            let Some(attempt) = begin(&attempts, &settings, &request).await else {
                attempts.refused.fetch_add(1, Relaxed);
                let ConnInfo { id, peer, .. } = &*request.conn;
                debug!(session = %id, %peer, "login attempt refused");
                return Ok(Authentication::rejected());
            };
            let answer = oneshot(inner, request).await;
            if !is_failure(&answer) {
                attempt.give_back();
            }
            answer
        }))
    }
}

/// Waits until the attempt may be made. `None` if it may not.
async fn begin(
    attempts: &Arc<Attempts>,
    settings: &Settings,
    request: &AuthRequest,
) -> Option<Attempt> {
    let limits = settings.limits;
    let client = settings.client(&request.conn.peer);
    if client.is_some_and(|client| attempts.is_exhausted(client, limits)) {
        return None;
    }
    let name = request.credentials.username();
    let user = name.filter(|_| !settings.delay.is_zero());
    let user = user.map(|name| attempts.user(name));
    if user.is_some_and(|user| attempts.is_attacked(user, limits)) {
        let _place = attempts.delay(client)?;
        sleep(settings.delay).await;
    }
    let attempt = match client {
        Some(client) => attempts.begin(client, limits).await?,
        None => attempts.attempt(None, limits),
    };
    Some(attempt.on(user))
}

/// Whether the credentials are something that could be guessed.
fn is_attempt(credentials: &Credentials) -> bool {
    match credentials {
        Credentials::None | Credentials::UserId(_) | Credentials::Gssapi { .. } => false,
        // Password, Chap, Other, and whatever is added.
        _ => true,
    }
}

/// Whether the answer says that the guess was wrong.
fn is_failure<E>(answer: &Result<Authentication, E>) -> bool {
    match answer {
        Ok(Authentication::Rejected(rejection)) => !matches!(
            rejection,
            Rejection::IdentUnreachable | Rejection::IdentMismatch
        ),
        Ok(Authentication::Accepted(_)) | Err(_) => false,
    }
}

/// The answer of an [`AttemptLimit`].
///
/// # Cancel safety
///
/// Dropping it drops the authenticator's future. It counts as a failed attempt if the authenticator
/// was asked, and as nothing before that.
#[must_use = "futures do nothing unless polled"]
pub struct AttemptLimitFuture<E>(BoxAnswer<E>);

impl<E> Future for AttemptLimitFuture<E> {
    type Output = Result<Authentication, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<E> fmt::Debug for AttemptLimitFuture<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptLimitFuture").finish_non_exhaustive()
    }
}
