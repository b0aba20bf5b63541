use std::{net::SocketAddr, sync::Arc};

use socks_core::{
    Address, Domain,
    message::{AccessRequest, AddressFilter},
};

use super::{
    Point,
    acl::Shared,
    facts::Facts,
    judge::{Judged, Refused},
    rule::Grant,
};

/// Judges what is about to be used for a request that was allowed, by the rules for requests.
pub(super) struct RequestFilter {
    pub(super) shared: Arc<Shared>,
    /// With the destination that it goes to.
    pub(super) request: AccessRequest,
    /// What the client was granted, and addresses must be, too. `None` if the destination was
    /// rewritten: then the rule that did it says what is granted.
    pub(super) granted: Option<Arc<Grant>>,
}

impl RequestFilter {
    fn judge(&self, requested: Option<&Address>, addr: SocketAddr) -> bool {
        let rules = self.shared.rules();
        let now = self.shared.now(&rules);
        let granted = self.granted.as_deref();
        let judged = rules.judge_address(&self.request, requested, addr, granted, now, &mut |_| {});
        if let Some(shadow) = &*self.shared.shadow() {
            let now = self.shared.clock();
            shadow.compare_address(&judged, &self.request, requested, addr, now);
        }
        count_refusal(judged.map(drop))
    }
}

impl AddressFilter for RequestFilter {
    fn permits(&self, addr: SocketAddr) -> bool {
        self.judge(None, addr)
    }

    fn permits_name(&self, name: &Domain, port: u16) -> bool {
        let rules = self.shared.rules();
        let now = self.shared.now(&rules);
        let requested = Address::Domain(name.clone(), port);
        let facts = Facts::of(&self.request, Point::Request, now).asked_for(&requested);
        match rules.decide_host(&facts, &mut |_| {}) {
            Judged::Allowed(_) => true,
            Judged::Refused(refused) => count_refusal(Err(refused)),
        }
    }

    fn permits_for(&self, requested: &Address, addr: SocketAddr) -> bool {
        self.judge(Some(requested), addr)
    }
}

/// Judges who may send datagrams to the client, by the rules for replies (`UD-34`).
pub(super) struct IncomingFilter {
    pub(super) shared: Arc<Shared>,
    pub(super) request: AccessRequest,
}

impl AddressFilter for IncomingFilter {
    fn permits(&self, addr: SocketAddr) -> bool {
        let rules = self.shared.rules();
        let now = self.shared.now(&rules);
        // Then replies follow from the requests.
        if !rules.are_given(Point::UdpReply) {
            return true;
        }
        let facts = Facts::of(&self.request, Point::UdpReply, now).asked_as(None, addr);
        match rules.decide_host(&facts, &mut |_| {}) {
            Judged::Allowed(_) => true,
            Judged::Refused(refused) => count_refusal(Err(refused)),
        }
    }
}

fn count_refusal(judged: Result<(), Refused<'_>>) -> bool {
    match judged {
        Ok(()) => true,
        Err(refused) => {
            refused.rule.iter().for_each(|rule| rule.hit());
            false
        }
    }
}
