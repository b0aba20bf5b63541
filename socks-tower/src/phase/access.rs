use socks_core::message::{AccessRequest, Verdict};
use tower_service::Service;

use crate::BoxError;

/// Decides what a client may do.
///
/// Every `tower::Service` from [`AccessRequest`] to [`Verdict`] is one. A refusal is an answer,
/// [`Verdict::Deny`]; an error means that the question could not be answered, and the client is
/// refused with the error's reply code.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an access controller",
    label = "not a `Service<AccessRequest, Response = Verdict>`",
    note = "an access controller is a `tower::Service<AccessRequest, Response = Verdict>` that is `Clone + Send + Sync + 'static`, with `Error: Into<BoxError>` and a `Send` future",
    note = "for a closure use `tower::service_fn(|request: AccessRequest| async move {{ Ok::<_, BoxError>(Verdict::deny()) }})`"
)]
pub trait AccessController:
    Service<AccessRequest, Response = Verdict, Error: Into<BoxError>, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> AccessController for S where
    S: Service<AccessRequest, Response = Verdict, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}
