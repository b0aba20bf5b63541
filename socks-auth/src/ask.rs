use std::{future::poll_fn, pin::Pin};

use socks_core::message::{AuthRequest, Authentication};
use tower_service::Service;

use crate::BoxError;

/// An answer on its way, its type forgotten.
pub(crate) type BoxAnswer<E> = Pin<Box<dyn Future<Output = Result<Authentication, E>> + Send>>;

/// Waits until `authenticator` is ready and asks it once.
pub(crate) async fn oneshot<S>(
    mut authenticator: S,
    request: AuthRequest,
) -> Result<S::Response, S::Error>
where
    S: Service<AuthRequest>,
{
    poll_fn(|cx| authenticator.poll_ready(cx)).await?;
    authenticator.call(request).await
}

/// An authenticator whose type was forgotten. It is asked through a clone of its own, once, so the
/// clone need not be boxed.
pub(crate) trait Ask: Send + Sync {
    fn ask(&self, request: AuthRequest) -> BoxAnswer<BoxError>;
}

impl<S> Ask for S
where
    S: Service<AuthRequest, Response = Authentication, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    fn ask(&self, request: AuthRequest) -> BoxAnswer<BoxError> {
        let authenticator = self.clone();
        Box::pin(async move { oneshot(authenticator, request).await.map_err(Into::into) })
    }
}
