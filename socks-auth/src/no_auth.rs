use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use socks_core::message::{AuthRequest, Authentication, Identity};
use tower_service::Service;

/// Lets everybody in, as an anonymous client.
///
/// Whoever reaches the listener uses the proxy (`SE-2`). A name that the client sent, such as the
/// user id of SOCKS4, is kept in [`Identity::claimed`] for logs and proves nothing (`S4-2`); a
/// password is not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAuth;

impl NoAuth {
    /// An authenticator that asks for nothing.
    pub const fn new() -> Self {
        Self
    }
}

impl Service<AuthRequest> for NoAuth {
    type Response = Authentication;
    type Error = Infallible;
    type Future = Ready<Result<Authentication, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AuthRequest) -> Self::Future {
        let identity = Identity::claimed(&request.credentials);
        ready(Ok(Authentication::Accepted(identity)))
    }
}
