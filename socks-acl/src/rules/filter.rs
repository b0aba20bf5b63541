use std::{net::SocketAddr, sync::Arc};

use socks_core::{
    Address, Domain,
    message::{AccessRequest, AddressFilter},
};

use super::{
    acl::Shared,
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
        let judged = rules.judge_name(&self.request, &requested, now);
        if let Some(shadow) = &*self.shared.shadow() {
            shadow.compare_name(&judged, &self.request, &requested, self.shared.clock());
        }
        is_allowed(judged)
    }

    /// By what is said about the name: what an address would have decided, no rule has.
    fn permits_unresolved(&self, name: &Domain, port: u16) -> bool {
        let rules = self.shared.rules();
        let now = self.shared.now(&rules);
        let requested = Address::Domain(name.clone(), port);
        let granted = self.granted.as_deref();
        let judged = rules.judge_unresolved(&self.request, &requested, granted, now);
        count_refusal(judged.map(drop))
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
        let judged = rules.judge_sender(&self.request, addr, now);
        if let Some(shadow) = &*self.shared.shadow() {
            shadow.compare_sender(&judged, &self.request, addr, self.shared.clock());
        }
        is_allowed(judged)
    }
}

fn is_allowed(judged: Judged<'_>) -> bool {
    match judged {
        Judged::Allowed(_) => true,
        Judged::Refused(refused) => count_refusal(Err(refused)),
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
