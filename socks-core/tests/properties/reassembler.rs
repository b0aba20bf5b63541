use std::time::Duration;

use proptest::{collection::vec, prelude::*, sample::select};
use socks_core::{
    Address,
    udp::{Action, Reassembler},
    v5::UdpHeader,
};

#[derive(Clone, Debug)]
struct Step {
    fragment: u8,
    port: u16,
    data: Vec<u8>,
    wait: u64,
}

/// Mostly what a sender of fragments does, so that sequences get long; else anything.
fn step() -> impl Strategy<Value = Step> {
    let fragment = prop_oneof![
        4 => 1..6u8,
        2 => 0x81..0x86u8,
        1 => any::<u8>(),
    ];
    let data = vec(any::<u8>(), 0..20);
    (
        fragment,
        select(&[53u16, 53, 53, 53, 80]),
        data,
        select(&[0u64, 0, 0, 1, 3]),
    )
        .prop_map(|(fragment, port, data, wait)| Step {
            fragment,
            port,
            data,
            wait,
        })
}

/// A sender of one datagram, undisturbed but for repeats.
fn in_order(parts: &[Vec<u8>]) -> impl Iterator<Item = (u8, &[u8])> {
    parts.iter().enumerate().map(move |(index, data)| {
        let last = if index + 1 == parts.len() { 0x80 } else { 0 };
        (u8::try_from(index + 1).unwrap() | last, data.as_slice())
    })
}

fn header(fragment: u8, port: u16) -> UdpHeader {
    UdpHeader {
        fragment,
        address: Address::domain("dns.example", port).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// UD-20, UD-22, UD-24, UD-25, SE-24: whatever arrives, memory stays in its bound, the timer is
    /// not extended, and what is delivered is the queued data in order.
    #[test]
    fn any_sequence(limit in 0..60usize, steps in vec(step(), 0..60)) {
        let mut reassembler = Reassembler::new(limit);
        let mut now = Duration::from_secs(100);
        // What the reassembler said it queued, and when that began.
        let mut queued: Vec<u8> = Vec::new();
        let mut started = None;
        for step in &steps {
            now += Duration::from_secs(step.wait);
            let held = reassembler.deadline();
            let due = held.is_some_and(|deadline| deadline <= now);
            let outcome = reassembler.push(&header(step.fragment, step.port), &step.data, now);
            let position = step.fragment & 0x7f;

            prop_assert!(reassembler.memory() <= limit);
            prop_assert!(!outcome.abandoned || held.is_some());
            prop_assert!(outcome.abandoned || !due);
            match outcome.action {
                Action::Deliver(data) if matches!(step.fragment, 0x00 | 0x81) => {
                    prop_assert_eq!(&data[..], &step.data);
                    prop_assert!(matches!(data, std::borrow::Cow::Borrowed(_)));
                    prop_assert_eq!(reassembler.deadline(), None);
                }
                Action::Deliver(data) => {
                    queued.extend(&step.data);
                    prop_assert!(step.fragment > 0x81 && data.len() <= limit);
                    prop_assert_eq!(&data[..], &queued);
                    prop_assert_eq!(reassembler.deadline(), None);
                }
                Action::Queued => {
                    if position == 1 {
                        queued.clear();
                        started = Some(now);
                    }
                    queued.extend(&step.data);
                    let deadline = started.map(|at| at + Reassembler::MIN_TIMEOUT);
                    prop_assert_eq!(reassembler.deadline(), deadline);
                }
                Action::Dropped => prop_assert_ne!(step.fragment, 0x00),
            }
            prop_assert!(reassembler.deadline().is_some() || reassembler.memory() == 0);
        }
    }

    /// UD-21, UD-24, UD-25: fragments in order, repeated or not, make the datagram.
    #[test]
    fn fragments_in_order(
        parts in vec(vec(any::<u8>(), 0..20), 1..=127),
        repeats in vec(any::<bool>(), 127),
    ) {
        let whole = parts.concat();
        let mut reassembler = Reassembler::new(whole.len());
        let mut delivered = false;
        for ((fragment, data), repeat) in in_order(&parts).zip(repeats) {
            let outcome = reassembler.push(&header(fragment, 53), data, Duration::ZERO);
            prop_assert!(!outcome.abandoned);
            if fragment & 0x80 != 0 {
                prop_assert_eq!(outcome.action, Action::Deliver(whole.as_slice().into()));
                prop_assert_eq!(reassembler.memory(), 0);
                delivered = true;
                break;
            }
            prop_assert_eq!(outcome.action, Action::Queued);
            if repeat {
                let outcome = reassembler.push(&header(fragment, 53), data, Duration::ZERO);
                prop_assert_eq!(outcome.action, Action::Dropped);
            }
        }
        prop_assert!(delivered);
    }
}
