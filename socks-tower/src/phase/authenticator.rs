use socks_core::message::{AuthRequest, Authentication};
use tower_service::Service;

use crate::BoxError;

/// Decides who a client is.
///
/// Every `tower::Service` from [`AuthRequest`] to [`Authentication`] is one. A wrong password is an
/// answer, [`Authentication::Rejected`]; an error means that the question could not be answered,
/// and the client is not let in (`UP-17`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an authenticator",
    label = "not a `Service<AuthRequest, Response = Authentication>`",
    note = "an authenticator is a `tower::Service<AuthRequest, Response = Authentication>` that is `Clone + Send + Sync + 'static`, with `Error: Into<BoxError>` and a `Send` future",
    note = "for a closure use `tower::service_fn(|request: AuthRequest| async move {{ Ok::<_, BoxError>(Authentication::rejected()) }})`",
    note = "for a type with a user table implement `socks_auth::Authenticate` and wrap it in `socks_auth::AuthenticateService`"
)]
pub trait Authenticator:
    Service<AuthRequest, Response = Authentication, Error: Into<BoxError>, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Authenticator for S where
    S: Service<
            AuthRequest,
            Response = Authentication,
            Error: Into<BoxError>,
            Future: Send + 'static,
        > + Clone
        + Send
        + Sync
        + 'static
{
}
