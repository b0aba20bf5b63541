use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use socks_core::message::{AccessRequest, Verdict};
use tower_service::Service;

/// Allows every request, without conditions.
///
/// **Dangerous.** A client reaches what the proxy's machine reaches: services that listen on
/// loopback only, the private network, cloud metadata with its credentials, and the proxy itself,
/// which makes a loop (`SE-5`…`SE-11`). It may also listen by BIND for whoever comes (`SE-55`).
/// Meant for tests and for servers that something else confines, such as a network namespace;
/// [`SafeDefault`](crate::SafeDefault) opens single networks.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

impl AllowAll {
    /// An access controller that refuses nothing.
    pub const fn new() -> Self {
        Self
    }
}

impl Service<AccessRequest> for AllowAll {
    type Response = Verdict;
    type Error = Infallible;
    type Future = Ready<Result<Verdict, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: AccessRequest) -> Self::Future {
        ready(Ok(Verdict::allow()))
    }
}
