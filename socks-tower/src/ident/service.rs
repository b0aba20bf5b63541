use std::{
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::message::{AuthRequest, Authentication, ConnInfo, Credentials, IdentHint};
use tokio::time::Instant;
use tower_service::Service;

use super::{
    IdentAcceptFuture, IdentFuture, IdentPolicy,
    settings::Settings,
    started::{Running, Started},
};
use crate::Incoming;

/// The service that [`IdentLayer`](super::IdentLayer) makes, of an authenticator or of a service of
/// connections.
#[derive(Clone, Debug)]
pub struct Ident<S> {
    pub(super) inner: S,
    pub(super) settings: Arc<Settings>,
}

impl<S> Service<AuthRequest> for Ident<S>
where
    S: Service<AuthRequest, Response = Authentication, Future: Send + 'static>,
    S::Error: 'static,
{
    type Response = Authentication;
    type Error = S::Error;
    type Future = IdentFuture<S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: AuthRequest) -> Self::Future {
        let conn = Arc::clone(&request.conn);
        let policy = (self.settings.policy)(&conn.peer);
        let claim = match &request.credentials {
            Credentials::UserId(user_id) => Some(user_id.clone()),
            _ => None,
        };
        let answer = self.inner.call(request);
        if policy == IdentPolicy::Skip {
            return IdentFuture(Box::pin(answer));
        }
        let settings = Arc::clone(&self.settings);
        IdentFuture(Box::pin(async move {
            // Nobody is asked about a client that is not let in anyway.
            let mut identity = match answer.await? {
                Authentication::Accepted(identity) => identity,
                rejected => return Ok(rejected),
            };
            let hint = hint(&settings, &conn).await;
            if policy == IdentPolicy::Required
                && let Err(rejection) = settings.check(hint.as_ref(), claim.as_ref())
            {
                return Ok(Authentication::Rejected(rejection));
            }
            identity.ident = hint;
            Ok(Authentication::Accepted(identity))
        }))
    }
}

/// What the host says, be it asked already or not.
async fn hint(settings: &Settings, conn: &ConnInfo) -> Option<IdentHint> {
    // Asked again, because a layer in between may have put another address there.
    let ends = settings.ends(conn.direct, &conn.peer, &conn.local)?;
    match conn.extensions.get::<Started>() {
        Some(started) => started.answer().await,
        None => settings.ask(ends, Instant::now()).await,
    }
}

impl<S, Io> Service<Incoming<Io>> for Ident<S>
where
    S: Service<Incoming<Io>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = IdentAcceptFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut incoming: Incoming<Io>) -> Self::Future {
        let running = match (self.settings.policy)(&incoming.peer) {
            IdentPolicy::Skip => None,
            IdentPolicy::Optional | IdentPolicy::Required => self.start(&mut incoming),
        };
        IdentAcceptFuture::new(self.inner.call(incoming), running)
    }
}

impl<S> Ident<S> {
    fn start<Io>(&self, incoming: &mut Incoming<Io>) -> Option<Running> {
        let direct = incoming.is_direct();
        let ends = self
            .settings
            .ends(direct, &incoming.peer, &incoming.local)?;
        let settings = Arc::clone(&self.settings);
        let start = incoming.accepted;
        let (running, started) = Running::new(async move { settings.ask(ends, start).await });
        incoming.extensions.insert(started);
        Some(running)
    }
}
