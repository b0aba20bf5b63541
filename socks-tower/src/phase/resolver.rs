use std::net::IpAddr;

use socks_core::Domain;
use tower_service::Service;

use crate::BoxError;

/// Looks the addresses of a host name up.
///
/// Every `tower::Service` from [`Name`] to [`Addrs`] is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a resolver",
    label = "not a `Service<Name, Response = Addrs>`",
    note = "a resolver is a `tower::Service<Name, Response = Addrs>` that is `Clone + Send + Sync + 'static`, with `Error: Into<BoxError>` and a `Send` future"
)]
pub trait Resolver:
    Service<Name, Response = Addrs, Error: Into<BoxError>, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Resolver for S where
    S: Service<Name, Response = Addrs, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A host name to look up, in canonical form ([`Domain::canonical`]).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(pub Domain);

impl Name {
    /// The name as text; empty for octets that are not UTF-8, which a canonical name never has.
    pub fn as_str(&self) -> &str {
        self.0.as_str().unwrap_or_default()
    }
}

/// The addresses of a name, in the resolver's order of preference. Canonical: an IPv4-mapped
/// address is held as IPv4, so that rules judge what will be dialled (`SE-9`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addrs(Vec<IpAddr>);

impl Addrs {
    /// The addresses, in order.
    pub fn as_slice(&self) -> &[IpAddr] {
        &self.0
    }
}

impl FromIterator<IpAddr> for Addrs {
    /// Duplicates are left out.
    fn from_iter<T: IntoIterator<Item = IpAddr>>(addrs: T) -> Self {
        let mut unique = Vec::new();
        for addr in addrs.into_iter().map(|addr| addr.to_canonical()) {
            if !unique.contains(&addr) {
                unique.push(addr);
            }
        }
        Self(unique)
    }
}
