use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use socks_core::{
    udp::{Action, Reassembler},
    v5::UdpHeader,
};
use tokio::time::Instant;

use super::{DropReason, UdpCounters};

/// How fragments are put together: octets for one association, and for all of a relay.
#[derive(Clone, Debug)]
pub(super) struct Reassembly {
    pub(super) each: usize,
    pub(super) total: usize,
    pub(super) held: Arc<AtomicUsize>,
}

/// The fragments of one association (`UD-21`…`UD-25`).
#[derive(Debug)]
pub(super) struct Fragments {
    reassembly: Reassembly,
    reassembler: Reassembler,
    /// What this association has added to `reassembly.held`.
    held: usize,
    /// Fragments that wait.
    waiting: usize,
    began: Instant,
}

impl Fragments {
    pub(super) fn new(reassembly: Reassembly, now: Instant) -> Self {
        Self {
            reassembler: Reassembler::new(reassembly.each),
            reassembly,
            held: 0,
            waiting: 0,
            began: now,
        }
    }

    /// The whole datagram, once it is there. What is dropped is counted.
    pub(super) fn push<'a>(
        &mut self,
        header: &UdpHeader,
        data: &'a [u8],
        now: Instant,
        counters: &UdpCounters,
    ) -> Option<Cow<'a, [u8]>> {
        let standalone = header.fragment == 0;
        let held = self.reassembly.held.load(Ordering::Relaxed);
        if !standalone && held.saturating_add(data.len()) > self.reassembly.total {
            counters.drop_one(DropReason::Fragment);
            return None;
        }
        let since = now.saturating_duration_since(self.began);
        let outcome = self.reassembler.push(header, data, since);
        if outcome.abandoned {
            counters.drop_many(DropReason::Fragment, self.waiting);
            self.waiting = 0;
        }
        let whole = match outcome.action {
            Action::Deliver(whole) => {
                self.waiting = 0;
                Some(whole)
            }
            Action::Queued => {
                self.waiting += 1;
                None
            }
            Action::Dropped => {
                counters.drop_one(DropReason::Fragment);
                None
            }
        };
        self.account();
        whole
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.reassembler
            .deadline()
            .map(|deadline| self.began + deadline)
    }

    pub(super) fn expire(&mut self, now: Instant, counters: &UdpCounters) {
        let since = now.saturating_duration_since(self.began);
        if self.reassembler.expire(since) {
            counters.drop_many(DropReason::Fragment, self.waiting);
            self.waiting = 0;
            self.account();
        }
    }

    fn account(&mut self) {
        let holds = self.reassembler.memory();
        let total = &self.reassembly.held;
        match holds.checked_sub(self.held) {
            Some(more) => total.fetch_add(more, Ordering::Relaxed),
            None => total.fetch_sub(self.held - holds, Ordering::Relaxed),
        };
        self.held = holds;
    }
}

impl Drop for Fragments {
    fn drop(&mut self) {
        self.reassembly.held.fetch_sub(self.held, Ordering::Relaxed);
    }
}
