use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use socks_core::message::{Permit, RulesEpoch};
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
}

impl Targets {
    pub(super) fn new(permit: Permit, policy: ReplyPolicy, max: usize, now: Instant) -> Self {
        let mut targets = Self {
            permit,
            policy,
            max,
            targets: HashMap::new(),
            addresses: HashMap::new(),
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
        self.targets.retain(|target, _| permit.permits(*target));
        self.senders.clear();
        self.addresses.clear();
        if self.policy == ReplyPolicy::AddressRestricted {
            for (target, Target { sent, .. }) in &self.targets {
                let latest = self.addresses.entry(target.ip()).or_insert(*sent);
                *latest = (*latest).max(*sent);
            }
        }
    }

    /// Whether a datagram may go to `to`. The verdict about a known target is remembered.
    pub(super) fn permits(&mut self, to: SocketAddr) -> bool {
        self.rejudge();
        self.targets.contains_key(&to) || self.permit.permits(to)
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

    /// A datagram is on its way to `to`, which was permitted; or there is no room for it. True if
    /// the last one before it has left.
    pub(super) fn sending(&mut self, to: SocketAddr, now: Instant) -> Result<bool, DropReason> {
        let mut reached = false;
        if let Some(target) = self.targets.get_mut(&to) {
            target.sent = now;
            reached = target.reached;
        } else {
            self.room(to, now)?;
            self.targets.insert(to, Target { sent: now, reached });
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
            ReplyPolicy::AnyRemote if self.permit.permits(from) => return self.incoming(from),
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
