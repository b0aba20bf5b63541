use core::net::SocketAddr;

use alloc::sync::Arc;

use crate::{Address, Domain};

/// Judges what is about to be used: a name before it is looked up, and each resolved address before
/// it is dialled or sent to (`SE-4`, `SE-12`).
///
/// An access controller binds a filter into its [`Permit`](super::Permit). Connectors, binders and
/// relays ask it [`permits_name`](Self::permits_name) first, so that a refused name costs no lookup,
/// and then [`permits_for`](Self::permits_for) about every address that they are about to use; for
/// an address that nobody gave a name, [`permits`](Self::permits) alone. Rules on names do not
/// replace rules on addresses: all of these must say yes (`SE-41`).
///
/// Addresses come in canonical form, IPv4-mapped ones as IPv4, and so do names
/// ([`Domain::canonical`]): lower case, without the trailing dot, never an address literal. A
/// closure from an address will do; it permits every name, and judges an address alike for each.
pub trait AddressFilter: Send + Sync {
    /// Whether `addr`, which was asked for as an address, may be used.
    fn permits(&self, addr: SocketAddr) -> bool;

    /// Whether `name` may be looked up in order to go to `port` there.
    fn permits_name(&self, name: &Domain, port: u16) -> bool {
        let _ = (name, port);
        true
    }

    /// Whether `name` may be handed to somebody else who looks it up and goes to `port` there, so that
    /// nobody can ask about its addresses. Who lets a name be looked up because one of its addresses may
    /// turn out to be permitted must not let it go unseen.
    fn permits_unresolved(&self, name: &Domain, port: u16) -> bool {
        self.permits_name(name, port)
    }

    /// Whether `addr` may be used for `requested`: one of the addresses of a name, or the address
    /// that was asked for itself. The ports are the same.
    fn permits_for(&self, requested: &Address, addr: SocketAddr) -> bool {
        let _ = requested;
        self.permits(addr)
    }
}

impl<F: Fn(SocketAddr) -> bool + Send + Sync> AddressFilter for F {
    fn permits(&self, addr: SocketAddr) -> bool {
        self(addr)
    }
}

/// Two filters that must both permit.
pub(super) struct Both<F> {
    first: Arc<dyn AddressFilter>,
    then: F,
}

impl<F: AddressFilter + 'static> Both<F> {
    /// `then` behind `first`, if there is one.
    pub(super) fn of(first: Option<Arc<dyn AddressFilter>>, then: F) -> Arc<dyn AddressFilter> {
        match first {
            None => Arc::new(then),
            Some(first) => Arc::new(Self { first, then }),
        }
    }
}

impl<F: AddressFilter> AddressFilter for Both<F> {
    fn permits(&self, addr: SocketAddr) -> bool {
        self.first.permits(addr) && self.then.permits(addr)
    }

    fn permits_name(&self, name: &Domain, port: u16) -> bool {
        self.first.permits_name(name, port) && self.then.permits_name(name, port)
    }

    fn permits_unresolved(&self, name: &Domain, port: u16) -> bool {
        self.first.permits_unresolved(name, port) && self.then.permits_unresolved(name, port)
    }

    fn permits_for(&self, requested: &Address, addr: SocketAddr) -> bool {
        self.first.permits_for(requested, addr) && self.then.permits_for(requested, addr)
    }
}
