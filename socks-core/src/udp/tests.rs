use core::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::{Action, Outcome, Reassembler};
use crate::{Address, v5::UdpHeader};

const LIMIT: usize = 100;

fn header(fragment: u8) -> UdpHeader {
    let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 53), 53));
    UdpHeader {
        fragment,
        address: Address::Socket(address),
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn outcome(action: Action<'_>, abandoned: bool) -> Outcome<'_> {
    Outcome { action, abandoned }
}

fn deliver(data: &[u8]) -> Action<'_> {
    Action::Deliver(data.into())
}

/// UD-25: the timer runs from the first fragment, is not extended, and cannot be set below 5 s.
#[test]
fn timer_runs_from_the_first_fragment() {
    for (timeout, effective) in [(0, 5), (5, 5), (30, 30)] {
        let mut reassembler = Reassembler::new(LIMIT).timeout(secs(timeout));
        assert_eq!(reassembler.deadline(), None);
        let _ = reassembler.push(&header(1), b"a", secs(1));
        let _ = reassembler.push(&header(2), b"b", secs(4));
        assert_eq!(reassembler.deadline(), Some(secs(1 + effective)));

        assert!(!reassembler.expire(secs(effective)));
        assert!(reassembler.expire(secs(1 + effective)));
        assert!(!reassembler.expire(secs(2 + effective)));
        assert_eq!((reassembler.deadline(), reassembler.memory()), (None, 0));
    }
}

/// UD-22, UD-25: a late fragment finds the queue gone, without a call to `expire`.
#[test]
fn push_looks_at_the_time() {
    let mut reassembler = Reassembler::new(LIMIT);
    let _ = reassembler.push(&header(1), b"a", secs(0));
    let late = reassembler.push(&header(0x82), b"b", secs(5));
    assert_eq!(late, outcome(Action::Dropped, true));

    let _ = reassembler.push(&header(1), b"a", secs(10));
    let again = reassembler.push(&header(1), b"A", secs(15));
    assert_eq!(again, outcome(Action::Queued, true));
    let last = reassembler.push(&header(0x82), b"b", secs(16));
    assert_eq!(last, outcome(deliver(b"Ab"), false));
}

/// UD-25: what does not fit is given up, the datagrams of one piece excepted.
#[test]
fn limit_abandons_the_queue() {
    let mut reassembler = Reassembler::new(LIMIT);
    let fits = [b'x'; LIMIT];
    let too_much = [b'x'; LIMIT + 1];

    let first = reassembler.push(&header(1), &too_much, secs(0));
    assert_eq!(first, outcome(Action::Dropped, false));
    let single = reassembler.push(&header(0x81), &too_much, secs(0));
    assert_eq!(single, outcome(deliver(&too_much), false));

    let first = reassembler.push(&header(1), &fits, secs(0));
    assert_eq!(first, outcome(Action::Queued, false));
    assert_eq!(reassembler.memory(), LIMIT);
    let empty = reassembler.push(&header(2), b"", secs(0));
    assert_eq!(empty, outcome(Action::Queued, false));
    let last = reassembler.push(&header(0x83), b"x", secs(0));
    assert_eq!(last, outcome(Action::Dropped, true));
    assert_eq!(reassembler.memory(), 0);
}

/// UD-20, UD-21: all 127 positions, joined in order.
#[test]
fn longest_sequence() {
    let mut reassembler = Reassembler::new(LIMIT + 27);
    for position in 1..127 {
        let data = [position];
        let step = reassembler.push(&header(position), &data, secs(0));
        assert_eq!(step, outcome(Action::Queued, false));
    }
    let data: alloc::vec::Vec<u8> = (1..=127).collect();
    let last = reassembler.push(&header(0xff), &[127], secs(0));
    assert_eq!(last, outcome(deliver(&data), false));
}

/// UD-22, UD-24: a lower position restarts whatever its destination, and the highest one again
/// counts as a repeat only with the same destination.
#[test]
fn destination_and_position_together() {
    let elsewhere = |fragment| UdpHeader {
        fragment,
        address: Address::domain("elsewhere.example", 53).unwrap(),
    };
    let mut reassembler = Reassembler::new(LIMIT);
    let _ = reassembler.push(&header(1), b"a", secs(0));
    let repeat = reassembler.push(&header(0x81), b"a", secs(0));
    assert_eq!(repeat, outcome(Action::Dropped, false));
    let _ = reassembler.push(&header(2), b"b", secs(0));
    let restart = reassembler.push(&elsewhere(1), b"c", secs(0));
    assert_eq!(restart, outcome(Action::Queued, true));
    let other = reassembler.push(&header(1), b"d", secs(0));
    assert_eq!(other, outcome(Action::Dropped, true));
}
