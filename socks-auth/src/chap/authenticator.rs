use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use socks_core::{
    Method, Secret, UserName,
    chap::{Challenge, MutualResponse, Prover},
    message::{AuthRequest, Authentication, ConnInfo, Credentials, Identity},
};
use tower_service::Service;

use super::{ChapKey, ChapSecrets};
use crate::BoxError;

/// Judges responses (`Credentials::Chap`) by the secrets of a store, and rejects credentials of
/// every other kind.
///
/// A name that is not known costs a digest as well, by a secret of its own that never matches
/// (`CH-23`). A client that asks for the server's proof gets it, once it is let in (`CH-18`).
pub struct ChapAuthenticator<S> {
    store: Arc<S>,
    mutual: bool,
}

impl<S: ChapSecrets> ChapAuthenticator<S> {
    /// Looks secrets up in `store`.
    pub fn new(store: S) -> Self {
        Self {
            store: Arc::new(store),
            mutual: true,
        }
    }

    /// Whether clients that ask are shown that the server knows the secret too; on by default. One
    /// that gets no answer closes or goes on, as it likes (`CH-19`).
    #[must_use]
    pub fn mutual(mut self, mutual: bool) -> Self {
        self.mutual = mutual;
        self
    }
}

/// What a client asks in turn is answered by `mutual`.
struct Question {
    username: UserName,
    challenge: Challenge,
    response: Secret,
    mutual: Option<Challenge>,
}

async fn judge<S: ChapSecrets>(
    store: &S,
    question: Question,
    conn: &ConnInfo,
) -> Result<Authentication, BoxError> {
    let user = store.look_up(&question.username, conn).await?;
    let (secret, groups) = user.map(|user| (user.secret, user.groups)).unzip();
    let known = secret.and_then(|secret| ChapKey::new(secret).ok());
    // Computed even if it cannot count, so that every login costs the same.
    let is_known = known.is_some();
    let key = known.unwrap_or_else(ChapKey::dummy);
    let proved = key.verify(&question.challenge, question.response.expose());
    if !(is_known && proved) {
        return Ok(Authentication::rejected());
    }
    let mut identity = Identity::user(question.username, Method::CHAP);
    identity.groups = groups.unwrap_or_default();
    if let Some(response) = question.mutual.and_then(|asked| key.respond(&asked)) {
        identity.extensions.insert(MutualResponse::new(response)?);
    }
    Ok(Authentication::Accepted(identity))
}

impl<S: ChapSecrets> Service<AuthRequest> for ChapAuthenticator<S> {
    type Response = Authentication;
    type Error = BoxError;
    type Future = ChapFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> ChapFuture {
        let AuthRequest {
            conn, credentials, ..
        } = request;
        let Credentials::Chap {
            username,
            challenge,
            response,
            mutual,
        } = credentials
        else {
            return ChapFuture(Box::pin(async { Ok(Authentication::rejected()) }));
        };
        let question = Question {
            username,
            challenge,
            response,
            mutual: mutual.filter(|_| self.mutual),
        };
        let store = Arc::clone(&self.store);
        ChapFuture(Box::pin(
            async move { judge(&*store, question, &conn).await },
        ))
    }
}

impl<S> Clone for ChapAuthenticator<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            mutual: self.mutual,
        }
    }
}

// Says nothing of the store, which holds secrets and need not be `Debug`.
impl<S> fmt::Debug for ChapAuthenticator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChapAuthenticator")
            .field("mutual", &self.mutual)
            .finish_non_exhaustive()
    }
}

/// The answer of a [`ChapAuthenticator`].
///
/// # Cancel safety
///
/// Dropping it drops the look-up where it waits.
#[must_use = "futures do nothing unless polled"]
pub struct ChapFuture(Pin<Box<dyn Future<Output = Result<Authentication, BoxError>> + Send>>);

impl Future for ChapFuture {
    type Output = Result<Authentication, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ChapFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChapFuture").finish_non_exhaustive()
    }
}
