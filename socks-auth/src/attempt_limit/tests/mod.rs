//! With the clock paused: an answer that takes no time was not delayed.

mod at_once;
mod clients;
mod users;
mod what_counts;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use socks_core::{
    Method, Secret, UserName,
    message::{AuthRequest, Authentication, Credentials, Endpoint, Identity, Rejection},
};
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt};

use super::{AttemptLimit, AttemptLimitLayer};
use crate::{
    BoxError,
    ask::BoxAnswer,
    tests::{password, request_from},
};

/// A store that takes its time, and counts.
#[derive(Clone, Default)]
struct Store {
    asked: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    takes: Duration,
}

impl Store {
    fn taking(seconds: u64) -> Self {
        Self {
            takes: Duration::from_secs(seconds),
            ..Self::default()
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

/// Counts who is being verified.
struct Under(Arc<AtomicUsize>);

impl Drop for Under {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Service<AuthRequest> for Store {
    type Response = Authentication;
    type Error = BoxError;
    type Future = BoxAnswer<BoxError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> Self::Future {
        self.asked.fetch_add(1, SeqCst);
        let at_once = self.at_once.fetch_add(1, SeqCst) + 1;
        self.most_at_once.fetch_max(at_once, SeqCst);
        let under = Under(Arc::clone(&self.at_once));
        let takes = self.takes;
        Box::pin(async move {
            let _under = under;
            sleep(takes).await;
            match &request.credentials {
                Credentials::Password { username, password } => judge(username, password),
                _ => Ok(Authentication::rejected()),
            }
        })
    }
}

fn judge(username: &UserName, password: &Secret) -> Result<Authentication, BoxError> {
    match password.expose() {
        b"right" => {
            let user = Identity::user(username.clone(), Method::USERNAME_PASSWORD);
            Ok(Authentication::Accepted(user))
        }
        b"broken" => Err(io::Error::from(io::ErrorKind::ConnectionRefused).into()),
        b"no ident" => Ok(Authentication::Rejected(Rejection::IdentUnreachable)),
        b"other ident" => Ok(Authentication::Rejected(Rejection::IdentMismatch)),
        _ => Ok(Authentication::rejected()),
    }
}

fn limited() -> (AttemptLimitLayer, AttemptLimit<Store>, Store) {
    limit(AttemptLimitLayer::new(), Store::default())
}

fn limit(
    layer: AttemptLimitLayer,
    store: Store,
) -> (AttemptLimitLayer, AttemptLimit<Store>, Store) {
    let service = layer.layer(store.clone());
    (layer, service, store)
}

/// A client in the network for examples, by number.
fn client(number: u16) -> Endpoint {
    let [high, low] = number.to_be_bytes();
    Endpoint::from(SocketAddr::from(([10, 0, high, low], 40_000)))
}

/// Whether the client was let in; an error is no.
async fn ask(
    service: &AttemptLimit<Store>,
    client: impl Into<Endpoint>,
    credentials: Credentials,
) -> bool {
    let answer = service.clone().oneshot(request_from(client, credentials));
    answer.await.is_ok_and(|answer| answer.is_accepted())
}
