use metrics::counter;

use super::labels;
use crate::{
    sessions::{Octets, Snapshot},
    udp::{DropReason, UdpCounters},
};
use socks_core::Command;

/// What is counted of a session already, so that the rest can be.
#[derive(Debug, Default)]
pub(super) struct Counted {
    octets: Octets,
    /// Of associations alone.
    datagrams: Option<Box<Datagrams>>,
}

#[derive(Clone, Debug, Default)]
struct Datagrams {
    sent: u64,
    received: u64,
    dropped: [u64; DropReason::ALL.len()],
}

/// What is to be counted, of one session or of many.
#[derive(Debug, Default)]
pub(super) struct Tally {
    connect: Octets,
    bind: Octets,
    associate: Octets,
    datagrams: Datagrams,
}

impl Counted {
    /// Adds to the tally what is new.
    pub(super) fn take(&mut self, now: &Snapshot, tally: &mut Tally) {
        self.octets(now.command, now.octets(), tally);
        if let Some(counters) = &now.datagrams {
            self.datagrams(counters, tally);
        }
    }

    pub(super) fn octets(&mut self, command: Option<Command>, octets: Octets, tally: &mut Tally) {
        let of = match command {
            Some(Command::UdpAssociate) => &mut tally.associate,
            Some(Command::Bind) => &mut tally.bind,
            _ => &mut tally.connect,
        };
        of.add(octets.since(self.octets));
        self.octets = octets;
    }

    pub(super) fn datagrams(&mut self, counters: &UdpCounters, tally: &mut Tally) {
        let before = self.datagrams.get_or_insert_default();
        let now = Datagrams::of(counters);
        tally.datagrams.add(&now, before);
        **before = now;
    }
}

impl Datagrams {
    fn of(counters: &UdpCounters) -> Self {
        let mut now = Self {
            sent: counters.sent(),
            received: counters.received(),
            ..Self::default()
        };
        for (count, reason) in now.dropped.iter_mut().zip(DropReason::ALL) {
            *count = counters.dropped(*reason);
        }
        now
    }

    fn add(&mut self, now: &Self, before: &Self) {
        self.sent += now.sent.saturating_sub(before.sent);
        self.received += now.received.saturating_sub(before.received);
        let counts = now.dropped.iter().zip(before.dropped);
        for (sum, (now, before)) in self.dropped.iter_mut().zip(counts) {
            *sum += now.saturating_sub(before);
        }
    }
}

impl Tally {
    /// Tells the recorder.
    pub(super) fn count(&self) {
        let commands = [
            (Command::Connect, self.connect),
            (Command::Bind, self.bind),
            (Command::UdpAssociate, self.associate),
        ];
        for (command, octets) in commands {
            let command = labels::command(Some(command));
            for (direction, octets) in [("sent", octets.sent), ("received", octets.received)] {
                if octets > 0 {
                    counter!("socks_payload_bytes_total", "command" => command, "direction" => direction)
                        .increment(octets);
                }
            }
        }
        let Datagrams {
            sent,
            received,
            dropped,
        } = &self.datagrams;
        for (direction, datagrams) in [("sent", *sent), ("received", *received)] {
            if datagrams > 0 {
                counter!("socks_datagrams_total", "direction" => direction).increment(datagrams);
            }
        }
        for (reason, datagrams) in DropReason::ALL.iter().zip(dropped) {
            if *datagrams > 0 {
                counter!("socks_datagrams_dropped_total", "reason" => reason.name())
                    .increment(*datagrams);
            }
        }
    }
}
