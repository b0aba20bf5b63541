use std::{net::IpAddr, sync::Arc};

use socks_core::{
    Domain,
    message::{ConnInfo, Extensions},
};
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

/// Asks for the addresses of a host name.
///
/// A resolver whose work goes on when its future is dropped, such as a call of the operating
/// system's, keeps the name for as long: a layer that counts lookups has attached what counts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Name {
    /// The name, in canonical form ([`Domain::canonical`]). What caches answers does it by this
    /// alone.
    pub domain: Domain,
    /// The connection of the client that wants to know, if one does.
    pub conn: Option<Arc<ConnInfo>>,
    /// What layers attached.
    pub extensions: Extensions,
}

impl Name {
    /// A lookup for nobody in particular.
    pub const fn new(domain: Domain) -> Self {
        Self {
            domain,
            conn: None,
            extensions: Extensions::new(),
        }
    }

    /// For this client.
    #[must_use]
    pub fn conn(mut self, conn: Arc<ConnInfo>) -> Self {
        self.conn = Some(conn);
        self
    }

    /// The name as text; empty for octets that are not UTF-8, which a canonical name never has.
    pub fn as_str(&self) -> &str {
        self.domain.as_str().unwrap_or_default()
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
