use core::{any::Any, fmt, net::SocketAddr};

use alloc::sync::Arc;

use super::{AddressFilter, Egress, Extensions, Terms, filter::Both};
use crate::{Address, Domain};

/// The conditions under which an access controller lets a request through.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Permit {
    /// Goes there in place of the client's destination.
    pub destination: Option<Address>,
    /// The route that a routing connector takes.
    pub route: Option<Arc<str>>,
    /// From where the connection leaves, over the connector's own setting.
    pub egress: Option<Egress>,
    /// Held until the session ends; dropping it gives back what it stands for, such as a slot.
    pub guard: Option<Arc<dyn Any + Send + Sync>>,
    /// What the access controller and its layers attached.
    pub extensions: Extensions,
    /// What the rule that allowed it says beside that.
    pub terms: Option<Arc<Terms>>,
    filter: Option<Arc<dyn AddressFilter>>,
    incoming: Option<Arc<dyn AddressFilter>>,
}

impl Permit {
    /// No conditions.
    pub const fn new() -> Self {
        Self {
            destination: None,
            route: None,
            egress: None,
            guard: None,
            extensions: Extensions::new(),
            terms: None,
            filter: None,
            incoming: None,
        }
    }

    /// Lets only those names be looked up and those resolved addresses be used that `filter`
    /// permits. With a filter set already, both must permit it.
    #[must_use]
    pub fn filter(mut self, filter: impl AddressFilter + 'static) -> Self {
        self.filter = Some(Both::of(self.filter.take(), filter));
        self
    }

    /// Lets only those hosts send datagrams to the client that `filter` permits (`UD-34`), of
    /// those that the relay lets answer. With such a filter set already, both must permit a host.
    #[must_use]
    pub fn filter_incoming(mut self, filter: impl AddressFilter + 'static) -> Self {
        self.incoming = Some(Both::of(self.incoming.take(), filter));
        self
    }

    /// Goes to `destination` in place of what the client asked for. The filter still applies.
    #[must_use]
    pub fn rewrite(mut self, destination: Address) -> Self {
        self.destination = Some(destination);
        self
    }

    /// Names the route that a routing connector takes.
    #[must_use]
    pub fn route(mut self, route: impl Into<Arc<str>>) -> Self {
        self.route = Some(route.into());
        self
    }

    /// Names the rule that allowed it, and what that says.
    #[must_use]
    pub fn terms(mut self, terms: Arc<Terms>) -> Self {
        self.terms = Some(terms);
        self
    }

    /// Leaves from there.
    #[must_use]
    pub fn egress(mut self, egress: Egress) -> Self {
        self.egress = Some(egress);
        self
    }

    /// Whether there is a filter to ask. A connector that passes a name on without resolving it
    /// cannot ask, and must refuse where there is one (`SE-12`).
    pub fn is_filtered(&self) -> bool {
        self.filter.is_some()
    }

    /// Whether `addr` may be dialled, which was asked for as an address. Whoever dials asks this,
    /// or [`permits_for`](Self::permits_for), about each address, and dials exactly the address that
    /// was judged (`SE-12`).
    pub fn permits(&self, addr: SocketAddr) -> bool {
        let addr = canonical(addr);
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.permits(addr))
    }

    /// Whether `name`, in canonical form, may be looked up for `port`. Whoever looks a name up asks
    /// this before (`UD-28`), and about each of its addresses then.
    pub fn permits_name(&self, name: &Domain, port: u16) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.permits_name(name, port))
    }

    /// Whether `name`, in canonical form, may be handed to an upstream that looks it up and goes to
    /// `port` there, in place of [`permits_name`](Self::permits_name) and questions about addresses:
    /// for whoever trusts that upstream although there [is a filter](Self::is_filtered).
    pub fn permits_unresolved(&self, name: &Domain, port: u16) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.permits_unresolved(name, port))
    }

    /// Whether `addr` may be dialled for `requested`, in canonical form, whose name resolved to it.
    /// A verdict holds for both together: another name with this address, or the address itself, is
    /// another question.
    pub fn permits_for(&self, requested: &Address, addr: SocketAddr) -> bool {
        let addr = canonical(addr);
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.permits_for(requested, addr))
    }

    /// Whether there is a filter for [`permits_incoming`](Self::permits_incoming) to ask.
    pub fn filters_incoming(&self) -> bool {
        self.incoming.is_some()
    }

    /// Whether a datagram from `addr` may go to the client. A relay asks this over its own policy
    /// about who may answer (`UD-34`).
    pub fn permits_incoming(&self, addr: SocketAddr) -> bool {
        let addr = canonical(addr);
        self.incoming
            .as_ref()
            .is_none_or(|filter| filter.permits(addr))
    }
}

fn canonical(mut addr: SocketAddr) -> SocketAddr {
    addr.set_ip(addr.ip().to_canonical());
    addr
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("destination", &self.destination)
            .field("route", &self.route)
            .field("egress", &self.egress)
            .field("terms", &self.terms)
            .field("filtered", &self.filter.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SE-4: filters add up, and a mapped address is judged as what it is (SE-9).
    #[test]
    fn every_filter_must_permit() {
        let permit = Permit::new()
            .filter(|addr: SocketAddr| addr.is_ipv4())
            .filter(|addr: SocketAddr| addr.port() == 80);
        assert!(permit.is_filtered() && !Permit::new().is_filtered());
        let permits = |addr: &str| permit.permits(addr.parse().unwrap());
        assert!(permits("192.0.2.1:80"));
        assert!(permits("[::ffff:192.0.2.1]:80"));
        assert!(!permits("192.0.2.1:81"));
        assert!(!permits("[2001:db8::1]:80"));

        let permit = permit
            .filter_incoming(|addr: SocketAddr| addr.is_ipv4())
            .filter_incoming(|addr: SocketAddr| addr.port() == 53);
        let permits = |addr: &str| permit.permits_incoming(addr.parse().unwrap());
        assert!(permit.filters_incoming() && permits("[::ffff:192.0.2.1]:53"));
        assert!(!permits("192.0.2.1:80") && !permits("[2001:db8::1]:53"));
        assert!(Permit::new().permits_incoming(([192, 0, 2, 1], 80).into()));
    }

    /// One host, under one name.
    struct Only(Domain, u8);

    impl AddressFilter for Only {
        fn permits(&self, _: SocketAddr) -> bool {
            false
        }

        fn permits_name(&self, name: &Domain, _: u16) -> bool {
            *name == self.0
        }

        fn permits_for(&self, requested: &Address, addr: SocketAddr) -> bool {
            let named = matches!(requested, Address::Domain(name, _) if self.permits_name(name, 0));
            named && addr.ip() == core::net::Ipv4Addr::new(192, 0, 2, self.1)
        }
    }

    /// SE-4, SE-41: filters about names add up as well, whichever comes first, and an address that
    /// is permitted for a name is not permitted by itself.
    #[test]
    fn names_are_judged_by_every_filter() {
        let [a, b] = ["a.example", "b.example"].map(|name| Domain::try_from(name).unwrap());
        let only = |name: &Domain| Only(name.clone(), 1);
        let web = |addr: SocketAddr| addr.port() == 80;
        let one = || Permit::new().filter(only(&a));
        let both = one().filter(only(&b));
        for permit in [
            one(),
            one().filter(web),
            Permit::new().filter(web).filter(only(&a)),
        ] {
            assert!(permit.permits_name(&a, 80) && !permit.permits_name(&b, 80));
            assert!(!both.permits_name(&a, 80) && !both.permits_name(&b, 80));
            assert!(permit.permits_unresolved(&a, 80) && !permit.permits_unresolved(&b, 80));
            assert!(!both.permits_unresolved(&a, 80) && !both.permits_unresolved(&b, 80));
            let permits = |name: &Domain, addr: &str| {
                let addr: SocketAddr = addr.parse().unwrap();
                permit.permits_for(&Address::Domain(name.clone(), addr.port()), addr)
            };
            assert!(permits(&a, "192.0.2.1:80") && permits(&a, "[::ffff:192.0.2.1]:80"));
            assert!(!permits(&b, "192.0.2.1:80") && !permits(&a, "192.0.2.2:80"));
            let literal = SocketAddr::from(([192, 0, 2, 1], 80));
            assert!(!permit.permits(literal) && !permit.permits_for(&literal.into(), literal));
        }
        let permit = Permit::new().filter(only(&a)).filter(web);
        let other = SocketAddr::from(([192, 0, 2, 1], 81));
        assert!(!permit.permits_for(&Address::Domain(a.clone(), 81), other));
        let open = Permit::new();
        assert!(open.permits_name(&a, 1) && open.permits_for(&Address::Domain(a, 81), other));
    }
}
