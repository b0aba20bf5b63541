use std::{collections::HashMap, io, net::SocketAddr};

use proptest::prelude::*;
use socks_core::{Domain, message::Permit};
use tokio::time::Instant;

use super::{Departures, Scripted, Side};
use crate::udp::{
    DropReason, UdpRelay,
    batch::Settled,
    flow::{Flow, HEADROOM, Outlet},
    tests::{Bench, CLIENT, addr, datagram},
};

/// The way out of an association whose system is scripted.
#[derive(Debug)]
struct Exit {
    departures: Departures,
    system: Scripted,
}

impl Outlet for Exit {
    fn to_target(&mut self, to: SocketAddr, data: &[u8]) -> io::Result<()> {
        self.system.one(Side::towards(to), to, data)
    }

    fn queue_to_target(&mut self, to: SocketAddr, data: &[u8]) {
        let (side, payload) = (Side::towards(to), data.len());
        self.departures
            .push(side, to, data, payload, &mut self.system);
    }

    fn queue_to_client(&mut self, to: SocketAddr, datagram: &[u8], payload: usize) {
        self.departures
            .push(Side::Client, to, datagram, payload, &mut self.system);
    }

    fn resolve(&mut self, _: Domain) {}

    fn pin(&mut self, _: SocketAddr) {}

    fn reaches(&self, _: SocketAddr) -> bool {
        true
    }
}

#[derive(Clone, Debug)]
struct Event {
    /// From the client to this target, or back from it.
    outward: bool,
    target: usize,
    data: Vec<u8>,
    /// The batch ends behind it.
    ends: bool,
}

/// The fourth cannot be reached, the fifth is not permitted.
const TARGETS: [&str; 5] = [
    "198.51.100.1:53",
    "198.51.100.1:54",
    "[2001:db8::1]:53",
    "198.51.100.2:53",
    "203.0.113.1:53",
];

const TOO_LONG: u8 = 1;
const FINDS_CLOSED: u8 = 2;

fn events() -> impl Strategy<Value = Vec<Event>> {
    // Lengths that repeat, so that there are runs; the last octet says what happens to it.
    let len = prop_oneof![
        6 => Just(100_usize),
        2 => Just(60),
        1 => Just(0),
        1 => 0..1600_usize,
        1 => 4000..6000_usize,
    ];
    let last = prop_oneof![12 => Just(0_u8), 1 => Just(TOO_LONG), 1 => Just(FINDS_CLOSED)];
    let target = prop_oneof![6 => Just(0_usize), 4 => 0..TARGETS.len()];
    let event = (any::<bool>(), target, len, last, prop::bool::weighted(0.1));
    let event = event.prop_map(|(outward, target, len, last, ends)| {
        let mut data = vec![0; len];
        data.iter_mut()
            .rev()
            .take(1)
            .for_each(|octet| *octet = last);
        Event {
            outward,
            target,
            data,
            ends,
        }
    });
    prop::collection::vec(event, 0..150)
}

/// What an association has done.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    sent: HashMap<(bool, SocketAddr), Vec<Vec<u8>>>,
    counters: Vec<u64>,
    reports: u64,
    octets: (u64, u64),
}

fn relay(events: &[Event], batches: bool, system: Scripted) -> Done {
    let unwanted: SocketAddr = TARGETS[4].parse().unwrap();
    let permit = Permit::new().filter(move |addr: SocketAddr| addr != unwanted);
    let Bench { mut flow, now, .. } = Bench::declared(UdpRelay::new(), "0.0.0.0:0", permit);
    let mut exit = Exit {
        departures: Departures::new(),
        system,
    };
    exit.system.no_way_to = Some(TARGETS[3].parse().unwrap());
    exit.system.too_long = Some(TOO_LONG);
    exit.system.finds_closed = Some(FINDS_CLOSED);
    let mut reports = 0;
    for event in events {
        let target = TARGETS[event.target];
        match event.outward {
            true => {
                let datagram = datagram(0, target, &event.data);
                flow.client_sent(&datagram, addr(CLIENT), now, &mut exit);
            }
            false => {
                let mut slot = [&[0; HEADROOM], &*event.data].concat();
                let octets = HEADROOM..slot.len();
                flow.outside_sent(&mut slot, octets, addr(target), now, &mut exit);
            }
        }
        if event.ends || !batches {
            reports += settle(&mut flow, now, &mut exit);
        }
    }
    reports += settle(&mut flow, now, &mut exit);
    let mut sent: HashMap<_, Vec<_>> = HashMap::new();
    for (side, to, data) in exit.system.sent {
        sent.entry((side == Side::Client, to))
            .or_default()
            .push(data);
    }
    let counters = flow.counters();
    let dropped = DropReason::ALL.iter().map(|reason| {
        let dropped = counters.dropped(*reason);
        dropped
            - if *reason == DropReason::Socket {
                reports
            } else {
                0
            }
    });
    let relayed = [counters.sent(), counters.received()];
    let traffic = flow.traffic();
    Done {
        sent,
        counters: relayed.into_iter().chain(dropped).collect(),
        reports,
        octets: (traffic.sent(), traffic.received()),
    }
}

fn settle(flow: &mut Flow, now: Instant, exit: &mut Exit) -> u64 {
    exit.departures.flush(&mut exit.system);
    let mut reports = 0;
    for settled in exit.departures.settled() {
        reports += u64::from(matches!(settled, Settled::Reported(_)));
        flow.settle(settled, now);
    }
    reports
}

proptest! {
    /// UD-39: whatever a batch consists of, and whatever fails: it does what its datagrams would
    /// have done one after the other, in the same order for each destination, and is counted the
    /// same. Only ICMP is heard less often: it speaks once of a piece, and what else fails in a
    /// call may hide it.
    #[test]
    fn batches_are_as_single_datagrams(
        events in events(),
        together in 1..40_usize,
        segment in prop_oneof![Just(0), Just(1472), 50..1472_usize],
        refuses_pieces in any::<bool>(),
    ) {
        let alone = Scripted { together: 1, ..Scripted::new(0) };
        let alone = relay(&events, false, alone);
        let system = Scripted { together, refuses_pieces, ..Scripted::new(segment) };
        let mut batched = relay(&events, true, system);
        prop_assert!(batched.reports <= alone.reports);
        batched.reports = alone.reports;
        prop_assert_eq!(batched, alone);
    }
}
