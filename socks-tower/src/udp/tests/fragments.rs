use std::time::Duration;

use super::{Bench, CLIENT, TARGET, addr, datagram};
use crate::udp::{DropReason, UdpRelay};

fn push(bench: &mut Bench, fragment: u8, data: &[u8]) {
    bench.send_from(CLIENT, &datagram(fragment, TARGET, data));
}

/// UD-21, UD-25: off by default, and then none is forwarded as if it were whole.
#[test]
fn dropped_by_default() {
    let mut bench = Bench::new(UdpRelay::new());
    for fragment in [1, 2, 0x7f, 0x80, 0x81, 0xff] {
        push(&mut bench, fragment, b"x");
    }
    assert!(bench.sent.to_target.is_empty());
    assert_eq!(bench.dropped(DropReason::Fragment), 6);
    push(&mut bench, 0, b"whole");
    assert_eq!(bench.sent.to_target.len(), 1);
}

/// UD-21, UD-22, UD-23: on request the parts become one datagram, and what breaks the order gives
/// them up.
#[test]
fn reassembled_on_request() {
    let mut bench = Bench::new(UdpRelay::new().reassemble(1_000, 1_000));
    push(&mut bench, 1, b"hel");
    push(&mut bench, 0x82, b"lo");
    assert_eq!(bench.sent.to_target, [(addr(TARGET), b"hello".to_vec())]);
    push(&mut bench, 1, b"a");
    push(&mut bench, 0, b"whole");
    push(&mut bench, 0x82, b"b");
    assert_eq!(bench.sent.to_target[1].1, b"whole");
    assert_eq!(
        (
            bench.sent.to_target.len(),
            bench.dropped(DropReason::Fragment)
        ),
        (2, 2)
    );
    push(&mut bench, 1, b"a");
    push(&mut bench, 0x80, b"b");
    push(&mut bench, 0x82, b"c");
    assert_eq!(
        (
            bench.sent.to_target.len(),
            bench.dropped(DropReason::Fragment)
        ),
        (2, 5)
    );
}

/// UD-25: after 5 s the parts are given up, whether or not anything arrives, and their memory is
/// free.
#[test]
fn timer() {
    let relay = UdpRelay::new().reassemble(1_000, 1_000);
    let mut bench = Bench::new(relay.clone());
    push(&mut bench, 1, b"a");
    bench.wait(4);
    push(&mut bench, 2, b"b");
    assert_eq!(bench.flow.deadline(), bench.now + Duration::from_secs(1));
    bench.wait(1);
    assert!(!bench.flow.expire(bench.now));
    assert_eq!(bench.dropped(DropReason::Fragment), 2);
    push(&mut bench, 0x83, b"c");
    assert!(bench.sent.to_target.is_empty());
    // All of it is there for another association.
    let mut other = Bench::new(relay);
    push(&mut other, 1, &[0; 1_000]);
    assert_eq!(other.dropped(DropReason::Fragment), 0);
}

/// UD-25: memory is bounded for an association and for all of them, and comes back with the end
/// of one.
#[test]
fn memory() {
    let relay = UdpRelay::new().reassemble(600, 1_000);
    let mut first = Bench::new(relay.clone());
    push(&mut first, 1, &[0; 601]);
    assert_eq!(first.dropped(DropReason::Fragment), 1);
    push(&mut first, 1, &[0; 600]);
    let mut second = Bench::new(relay);
    push(&mut second, 1, &[0; 401]);
    assert_eq!(second.dropped(DropReason::Fragment), 1);
    drop(first);
    push(&mut second, 1, &[0; 401]);
    assert_eq!(second.dropped(DropReason::Fragment), 1);
}
