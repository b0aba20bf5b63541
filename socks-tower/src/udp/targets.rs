use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use socks_core::{
    Address, Domain,
    message::{Permit, RulesEpoch},
};
use tokio::time::Instant;

use super::{DropReason, ReplyPolicy};

/// How long a target counts after the last datagram to it (`UD-33`).
pub(super) const REMEMBERED: Duration = Duration::from_secs(300);

/// Where a client sends to, which is also who may answer.
#[derive(Debug)]
pub(super) struct Targets {
    permit: Permit,
    policy: ReplyPolicy,
    max: usize,
    /// The permitted ones.
    targets: HashMap<SocketAddr, Target>,
    /// The same without ports, if replies are judged by that.
    addresses: HashMap<IpAddr, Instant>,
    /// The name, and the port, that was permitted last.
    named: Option<(Domain, u16)>,
    /// What the permit's filter of replies said about senders; at most `max`.
    senders: HashMap<SocketAddr, bool>,
    /// The rules by which they were permitted.
    epoch: usize,
    /// No target is forgotten before.
    sweep_at: Instant,
}

#[derive(Debug)]
struct Target {
    /// When it was last sent to.
    sent: Instant,
    /// Whether the last datagram to it that is settled has left.
    reached: bool,
    /// Whether it was permitted as an address by itself.
    literal: bool,
    /// The last name that it was permitted for.
    name: Option<Domain>,
}

impl Target {
    /// Whether it was permitted for `requested`. What was said about a name says nothing about its
    /// address by itself, about another name that has it, nor the other way round (`SE-41`).
    fn is_permitted_for(&self, requested: &Address) -> bool {
        match requested {
            Address::Socket(_) => self.literal,
            Address::Domain(name, _) => self.name.as_ref() == Some(name),
        }
    }

    fn permit_for(&mut self, requested: &Address) {
        match requested {
            Address::Socket(_) => self.literal = true,
            Address::Domain(name, _) if self.name.as_ref() != Some(name) => {
                self.name = Some(name.clone());
            }
            Address::Domain(..) => {}
        }
    }

    /// Asks again. Whether anything is left of it.
    fn rejudge(&mut self, addr: SocketAddr, permit: &Permit) -> bool {
        self.literal = self.literal && permit.permits(addr);
        self.name.take_if(|name| {
            let port = addr.port();
            !permit.permits_name(name, port)
                || !permit.permits_for(&Address::Domain(name.clone(), port), addr)
        });
        self.literal || self.name.is_some()
    }
}

impl Targets {
    pub(super) fn new(permit: Permit, policy: ReplyPolicy, max: usize, now: Instant) -> Self {
        let mut targets = Self {
            permit,
            policy,
            max,
            targets: HashMap::new(),
            addresses: HashMap::new(),
            named: None,
            senders: HashMap::new(),
            epoch: 0,
            sweep_at: now,
        };
        targets.epoch = targets.current_epoch();
        targets
    }

    fn current_epoch(&self) -> usize {
        let epoch = self.permit.extensions.get::<RulesEpoch>();
        epoch.map_or(0, RulesEpoch::current)
    }

    /// Asks about every target again if the rules have changed.
    fn rejudge(&mut self) {
        let epoch = self.current_epoch();
        if epoch == self.epoch {
            return;
        }
        self.epoch = epoch;
        let permit = &self.permit;
        self.targets
            .retain(|addr, target| target.rejudge(*addr, permit));
        self.named = None;
        self.senders.clear();
        self.addresses.clear();
        if self.policy == ReplyPolicy::AddressRestricted {
            for (target, Target { sent, .. }) in &self.targets {
                let latest = self.addresses.entry(target.ip()).or_insert(*sent);
                *latest = (*latest).max(*sent);
            }
        }
    }

    /// Whether `name` may be looked up, or its addresses, which are known, be sent to (`UD-28`).
    /// The last verdict that let one through is remembered.
    pub(super) fn permits_name(&mut self, name: &Domain, port: u16) -> bool {
        self.rejudge();
        let known = self.named.as_ref();
        if known.is_some_and(|(known, at)| known == name && *at == port) {
            return true;
        }
        let permitted = self.permit.permits_name(name, port);
        if permitted {
            self.named = Some((name.clone(), port));
        }
        permitted
    }

    /// Whether a datagram for `requested` may go to `to`: itself or, of a name that is permitted,
    /// an address. The verdict about a known target is remembered.
    pub(super) fn permits(&mut self, requested: &Address, to: SocketAddr) -> bool {
        self.rejudge();
        let target = self.targets.get(&to);
        target.is_some_and(|target| target.is_permitted_for(requested))
            || self.permit.permits_for(requested, to)
    }

    /// Whether there is room for `to`, which is not taken yet.
    pub(super) fn room(&mut self, to: SocketAddr, now: Instant) -> Result<(), DropReason> {
        if self.targets.len() < self.max || self.targets.contains_key(&to) {
            return Ok(());
        }
        self.sweep(now);
        match self.targets.len() < self.max {
            true => Ok(()),
            false => Err(DropReason::Targets),
        }
    }

    /// A datagram is on its way to `to`, which was permitted for `requested`; or there is no room
    /// for it. True if the last one before it has left.
    pub(super) fn sending(
        &mut self,
        requested: &Address,
        to: SocketAddr,
        now: Instant,
    ) -> Result<bool, DropReason> {
        let mut reached = false;
        if let Some(target) = self.targets.get_mut(&to) {
            target.sent = now;
            target.permit_for(requested);
            reached = target.reached;
        } else {
            self.room(to, now)?;
            let mut target = Target {
                sent: now,
                reached,
                literal: false,
                name: None,
            };
            target.permit_for(requested);
            self.targets.insert(to, target);
        }
        if self.policy == ReplyPolicy::AddressRestricted {
            self.addresses.insert(to.ip(), now);
        }
        Ok(reached)
    }

    /// A datagram to `to` has left.
    pub(super) fn reached(&mut self, to: SocketAddr) {
        if let Some(target) = self.targets.get_mut(&to) {
            target.reached = true;
        }
    }

    /// A datagram to `to` could not leave. Who may answer stays as it is.
    pub(super) fn lost(&mut self, to: SocketAddr) {
        if let Some(target) = self.targets.get_mut(&to) {
            target.reached = false;
        }
    }

    /// Looks through the table only when something in it may be old enough, so that a client that
    /// keeps it full does not make every datagram pay for it.
    fn sweep(&mut self, now: Instant) {
        if now < self.sweep_at {
            return;
        }
        self.targets
            .retain(|_, target| !forgotten(target.sent, now));
        self.addresses.retain(|_, sent| !forgotten(*sent, now));
        let oldest = self.targets.values().map(|target| target.sent).min();
        self.sweep_at = oldest.unwrap_or(now) + REMEMBERED;
    }

    /// Whether a datagram from `from` may go to the client.
    pub(super) fn accepts(&mut self, from: SocketAddr, now: Instant) -> Result<(), DropReason> {
        self.rejudge();
        let sent = match self.policy {
            // What was sent to may answer, though only its name may have been permitted.
            ReplyPolicy::AnyRemote
                if self.targets.contains_key(&from) || self.permit.permits(from) =>
            {
                return self.incoming(from);
            }
            ReplyPolicy::AnyRemote => return Err(DropReason::NotPermitted),
            ReplyPolicy::AddressRestricted => self.addresses.get(&from.ip()).copied(),
            ReplyPolicy::AddressAndPortRestricted => {
                self.targets.get(&from).map(|target| target.sent)
            }
        };
        match sent.is_some_and(|sent| !forgotten(sent, now)) {
            true => self.incoming(from),
            false => Err(DropReason::Unsolicited),
        }
    }

    /// What the rules say about datagrams from `from`, beyond who may answer (`UD-34`).
    fn incoming(&mut self, from: SocketAddr) -> Result<(), DropReason> {
        if !self.permit.filters_incoming() {
            return Ok(());
        }
        if self.senders.len() >= self.max && !self.senders.contains_key(&from) {
            self.senders.clear();
        }
        let permit = &self.permit;
        let permitted = self.senders.entry(from);
        match permitted.or_insert_with(|| permit.permits_incoming(from)) {
            true => Ok(()),
            false => Err(DropReason::NotPermitted),
        }
    }
}

fn forgotten(sent: Instant, now: Instant) -> bool {
    now.saturating_duration_since(sent) >= REMEMBERED
}
