use std::time::Duration;

use super::{Bench, TARGET};
use crate::udp::{DropReason, UdpRelay};

/// UD-38, SE-21: the idle time slides with every relayed datagram in either direction, and with
/// none that is dropped.
#[test]
fn idle_time_slides() {
    let mut bench = Bench::new(UdpRelay::new());
    bench.send(TARGET, b"x");
    for outward in [false, true, false, true] {
        bench.wait(299);
        assert!(!bench.flow.expire(bench.now));
        match outward {
            true => bench.send(TARGET, b"x"),
            false => bench.reply(TARGET, b"x"),
        }
    }
    assert_eq!(bench.flow.deadline(), bench.now + Duration::from_secs(300));
    bench.wait(150);
    bench.send_from("192.0.2.9:1", b"x");
    bench.send("198.51.100.1:0", b"x");
    bench.reply("203.0.113.1:1", b"x");
    bench.wait(149);
    assert!(!bench.flow.expire(bench.now));
    bench.wait(1);
    assert!(bench.flow.expire(bench.now));
}

/// UD-38: never below 120 s.
#[test]
fn idle_time_has_a_lower_bound() {
    let mut bench = Bench::new(UdpRelay::new().idle_timeout(Duration::from_secs(1)));
    bench.wait(119);
    assert!(!bench.flow.expire(bench.now));
    bench.wait(1);
    assert!(bench.flow.expire(bench.now));
}

/// SE-21: the lifetime cap ends a busy association.
#[test]
fn lifetime() {
    let mut bench = Bench::new(UdpRelay::new().max_lifetime(Duration::from_secs(100)));
    let end = bench.now + Duration::from_secs(100);
    bench.wait(99);
    bench.send(TARGET, b"x");
    assert!(!bench.flow.expire(bench.now));
    assert_eq!(bench.flow.deadline(), end);
    assert!(bench.flow.expire(end));
}

/// `Duration::MAX` means never, and is not more than a clock can say.
#[test]
fn no_setting_is_too_long() {
    let relay = UdpRelay::new()
        .idle_timeout(Duration::MAX)
        .max_lifetime(Duration::MAX)
        .lookup_timeout(Duration::MAX)
        .name_cache(Duration::MAX, 1);
    let mut bench = Bench::new(relay);
    for _ in 0..2 {
        bench.send("a.example:53", b"x");
        bench.resolved("a.example", &["198.51.100.1"]);
        bench.wait(24 * 60 * 60);
        assert!(!bench.flow.expire(bench.now));
        assert!(bench.flow.deadline() > bench.now);
    }
    assert_eq!((bench.sent.to_target.len(), bench.all_dropped()), (2, 0));
}

/// SE-28: datagrams and octets a second, each way.
#[test]
fn rates() {
    let relay = UdpRelay::new()
        .datagrams_per_second(10)
        .octets_per_second(1_000);
    let mut bench = Bench::new(relay);
    for _ in 0..15 {
        bench.send(TARGET, b"x");
        bench.reply(TARGET, b"x");
    }
    assert_eq!(
        (bench.sent.to_target.len(), bench.sent.to_client.len()),
        (10, 10)
    );
    bench.now += Duration::from_millis(100);
    bench.send(TARGET, b"x");
    bench.send(TARGET, b"x");
    assert_eq!(bench.sent.to_target.len(), 11);
    bench.wait(1);
    bench.send(TARGET, &[0; 600]);
    bench.send(TARGET, &[0; 600]);
    bench.send(TARGET, &[0; 400]);
    assert_eq!(bench.sent.to_target.len(), 13);
    assert_eq!(bench.dropped(DropReason::Rate), 12);
}
