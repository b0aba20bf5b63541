use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use socks_core::Domain;
use tokio::time::Instant;

use super::{DropReason, UdpCounters, settings::NameLimits};
use crate::{Addrs, time::after};

/// How long a name that did not resolve is not asked for again, if answers live that long.
const FAILURES_LIVE: Duration = Duration::from_secs(5);

/// Names that the client sends to: lookups under way with the datagrams that wait for them, and
/// answers, for a while (`UD-32`).
#[derive(Debug)]
pub(super) struct Names {
    limits: NameLimits,
    answers: HashMap<Domain, Answer>,
    lookups: HashMap<Domain, VecDeque<Waiting>>,
    /// Octets of all that wait.
    waiting: usize,
    /// Nothing that waits has a deadline before.
    deadline: Option<Instant>,
}

#[derive(Debug)]
struct Answer {
    addrs: Arc<[IpAddr]>,
    until: Instant,
}

/// A datagram that waits for the addresses of its name.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) port: u16,
    pub(super) data: Vec<u8>,
    deadline: Instant,
}

/// What is known about a name.
pub(super) enum Known {
    /// None: it does not resolve.
    Addresses(Arc<[IpAddr]>),
    /// The lookup is to begin, and the datagram waits.
    Unasked,
    /// The lookup is under way, and the datagram waits.
    Asked,
    /// Too many lookups, or too much that waits.
    Full,
}

impl Names {
    pub(super) fn new(limits: NameLimits) -> Self {
        Self {
            limits,
            answers: HashMap::new(),
            lookups: HashMap::new(),
            waiting: 0,
            deadline: None,
        }
    }

    /// The addresses of `name`; without them the datagram waits, if there is room.
    pub(super) fn lookup(&mut self, name: &Domain, port: u16, data: &[u8], now: Instant) -> Known {
        if let Some(answer) = self.answers.get(name).filter(|answer| answer.until > now) {
            return Known::Addresses(Arc::clone(&answer.addrs));
        }
        let lookups = self.lookups.len();
        let queued = self.lookups.get(name).map_or(0, VecDeque::len);
        let asked = self.lookups.contains_key(name);
        if !asked && lookups >= self.limits.lookups
            || queued >= self.limits.waiting
            || data.len() > self.limits.waiting_octets.saturating_sub(self.waiting)
        {
            return Known::Full;
        }
        let deadline = after(now, self.limits.patience);
        let queue = self.lookups.entry(name.clone()).or_default();
        queue.push_back(Waiting {
            port,
            data: data.to_vec(),
            deadline,
        });
        self.waiting += data.len();
        self.deadline.get_or_insert(deadline);
        match asked {
            true => Known::Asked,
            false => Known::Unasked,
        }
    }

    /// The lookup of `name` has ended; what waited for it and is not late.
    pub(super) fn resolved(
        &mut self,
        name: &Domain,
        addrs: Option<&Addrs>,
        now: Instant,
        counters: &UdpCounters,
    ) -> VecDeque<Waiting> {
        self.expire(now, counters);
        let addrs: Arc<[IpAddr]> = addrs.map_or(&[][..], Addrs::as_slice).into();
        let live = match addrs.is_empty() {
            true => self.limits.answers_live.min(FAILURES_LIVE),
            false => self.limits.answers_live,
        };
        self.keep(name, addrs, after(now, live), now);
        let queue = self.lookups.remove(name).unwrap_or_default();
        let octets: usize = queue.iter().map(|waiting| waiting.data.len()).sum();
        self.waiting = self.waiting.saturating_sub(octets);
        queue
    }

    fn keep(&mut self, name: &Domain, addrs: Arc<[IpAddr]>, until: Instant, now: Instant) {
        if self.answers.len() >= self.limits.answers && !self.answers.contains_key(name) {
            self.answers.retain(|_, answer| answer.until > now);
            while self.answers.len() >= self.limits.answers.max(1) {
                let oldest = self.answers.iter().min_by_key(|(_, answer)| answer.until);
                let Some(oldest) = oldest.map(|(name, _)| name.clone()) else {
                    break;
                };
                self.answers.remove(&oldest);
            }
        }
        self.answers.insert(name.clone(), Answer { addrs, until });
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Drops what has waited too long. Its lookup still counts until it ends.
    pub(super) fn expire(&mut self, now: Instant, counters: &UdpCounters) {
        if self.deadline.is_none_or(|deadline| deadline > now) {
            return;
        }
        self.deadline = None;
        for queue in self.lookups.values_mut() {
            while let Some(late) = queue.pop_front_if(|waiting| waiting.deadline <= now) {
                self.waiting = self.waiting.saturating_sub(late.data.len());
                counters.drop_one(DropReason::Unresolved);
            }
            if let Some(next) = queue.front() {
                let earliest = self
                    .deadline
                    .map_or(next.deadline, |at| at.min(next.deadline));
                self.deadline = Some(earliest);
            }
        }
    }
}
