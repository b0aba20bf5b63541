use std::task::{Context, Poll};

use socks_core::message::{AuthRequest, Authentication};
use tower_service::Service;

use super::{AddGroupsFuture, Htgroup};

/// Adds groups to the identity of whom an authenticator lets in, by the name that it was let in
/// with. Changes nothing about who is let in.
#[derive(Clone, Debug)]
pub struct AddGroups<S> {
    inner: S,
    groups: Htgroup,
}

impl<S> AddGroups<S> {
    /// `inner` decides, `groups` adds.
    pub fn new(inner: S, groups: Htgroup) -> Self {
        Self { inner, groups }
    }
}

impl<S: Service<AuthRequest, Response = Authentication>> Service<AuthRequest> for AddGroups<S> {
    type Response = Authentication;
    type Error = S::Error;
    type Future = AddGroupsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: AuthRequest) -> Self::Future {
        AddGroupsFuture::new(self.inner.call(request), self.groups.clone())
    }
}
