use std::{sync::Arc, time::Duration};

use tower_layer::Layer;

use super::LookupLimit;
use crate::{
    clients::Clients,
    resolve::limits::{PER_CLIENT, WAITING},
};

/// Bounds the lookups that each client has under way, around any resolver (`SE-23`): one client
/// cannot take all that there are. [`SystemResolver`](crate::SystemResolver) and `HickoryResolver`
/// do it by themselves.
///
/// A client is an IPv4 address, an IPv6 network of 64 bits, or all that have no IP address, on unix
/// sockets say, together. Its lookups beyond the bound wait for their turn in order; while they do,
/// they have not reached the resolver inside. What is looked up for no client ([`Name::conn`]) is not
/// counted.
///
/// A lookup counts until it has ended and the resolver has dropped the [`Name`], so it counts still
/// if the client is gone and the resolver cannot stop.
///
/// Clones of the resolver that this makes, and all resolvers that one layer makes, count together: for
/// TCP and UDP alike.
///
/// ```
/// use socks_tower::{LookupLimitLayer, TcpBinder, TcpConnector, UdpRelay};
/// use tower_layer::Layer;
///
/// # fn server(resolver: impl socks_tower::Resolver) {
/// let resolver = LookupLimitLayer::new().max_per_client(8).layer(resolver);
/// let connector = TcpConnector::new().resolver(resolver.clone());
/// let binder = TcpBinder::new().resolver(resolver.clone());
/// let udp = UdpRelay::new().resolver(resolver);
/// # }
/// ```
///
/// [`Name`]: crate::Name
/// [`Name::conn`]: crate::Name::conn
#[derive(Clone, Debug)]
pub struct LookupLimitLayer {
    per_client: usize,
    waiting: usize,
    deadline: Duration,
    clients: Arc<Clients>,
}

impl Default for LookupLimitLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl LookupLimitLayer {
    /// 16 lookups a client, and 64 that wait for at most 5 seconds.
    pub fn new() -> Self {
        Self {
            per_client: PER_CLIENT,
            waiting: WAITING,
            deadline: Duration::from_secs(5),
            clients: Clients::new(PER_CLIENT, WAITING),
        }
    }

    /// How many lookups of one client may be under way; 16 by default, at least 1.
    #[must_use]
    pub fn max_per_client(mut self, max: usize) -> Self {
        self.per_client = max;
        self.limit()
    }

    /// How many lookups of one client may wait for their turn; 64 by default. The next one fails at
    /// once ([`ResolveErrorKind::TooMany`](crate::ResolveErrorKind::TooMany)).
    #[must_use]
    pub fn max_waiting(mut self, max: usize) -> Self {
        self.waiting = max;
        self.limit()
    }

    /// How long a lookup may wait for its turn; 5 seconds by default. Then it fails
    /// ([`ResolveErrorKind::TimedOut`](crate::ResolveErrorKind::TimedOut)). How long the lookup itself
    /// may take is up to the resolver.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    fn limit(mut self) -> Self {
        self.clients = Clients::new(self.per_client, self.waiting);
        self
    }
}

impl<R> Layer<R> for LookupLimitLayer {
    type Service = LookupLimit<R>;

    fn layer(&self, inner: R) -> LookupLimit<R> {
        LookupLimit {
            inner,
            deadline: self.deadline,
            clients: Arc::clone(&self.clients),
        }
    }
}
