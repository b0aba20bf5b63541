use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use socks_core::message::Permit;

use super::{Bench, CLIENT, TARGET, addr};
use crate::udp::{DropReason, UdpRelay};

/// UD-32: while a name is looked up other datagrams pass, and those for the name follow in order;
/// the answer is kept for 30 s.
#[test]
fn lookups_are_off_the_path() {
    let mut bench = Bench::new(UdpRelay::new());
    bench.send("dns.example:53", b"1");
    bench.send("DNS.example.:54", b"2");
    bench.send(TARGET, b"between");
    assert_eq!(bench.sent.lookups.len(), 1);
    bench.resolved("dns.example", &["198.51.100.7"]);
    let sent = |text: &str, data: &[u8]| (addr(text), data.to_vec());
    let expected = [
        sent(TARGET, b"between"),
        sent("198.51.100.7:53", b"1"),
        sent("198.51.100.7:54", b"2"),
    ];
    assert_eq!(bench.sent.to_target, expected);
    bench.wait(29);
    bench.send("dns.example:53", b"3");
    assert_eq!(
        (bench.sent.lookups.len(), bench.sent.to_target.len()),
        (1, 4)
    );
    bench.wait(1);
    bench.send("dns.example:53", b"4");
    assert_eq!(
        (bench.sent.lookups.len(), bench.sent.to_target.len()),
        (2, 4)
    );
}

/// UD-32, SE-28: lookups, datagrams a name, and octets of all that waits are bounded.
#[test]
fn waiting_is_bounded() {
    let mut bench = Bench::new(UdpRelay::new());
    for _ in 0..10 {
        bench.send("a.example:53", b"x");
    }
    assert_eq!(bench.dropped(DropReason::Lookups), 2);
    for name in 0..10 {
        bench.send(&format!("b{name}.example:53"), b"x");
    }
    assert_eq!(bench.sent.lookups.len(), 8);
    assert_eq!(bench.dropped(DropReason::Lookups), 5);

    let mut bench = Bench::new(UdpRelay::new());
    for _ in 0..5 {
        bench.send("a.example:53", &[0; 60_000]);
    }
    assert_eq!(bench.dropped(DropReason::Lookups), 1);
    bench.resolved("a.example", &["198.51.100.7"]);
    assert_eq!(bench.sent.to_target.len(), 4);
}

/// UD-32: what waits too long is dropped, although its lookup still counts.
#[test]
fn waiting_ends() {
    let mut bench = Bench::new(UdpRelay::new().max_lookups(1));
    bench.send("a.example:53", b"early");
    bench.wait(3);
    bench.send("a.example:53", b"late");
    assert_eq!(bench.flow.deadline(), bench.now + Duration::from_secs(2));
    bench.wait(2);
    assert!(!bench.flow.expire(bench.now));
    assert_eq!(bench.dropped(DropReason::Unresolved), 1);
    bench.send("b.example:53", b"x");
    assert_eq!(bench.dropped(DropReason::Lookups), 1);
    bench.resolved("a.example", &["198.51.100.7"]);
    let sent = [(addr("198.51.100.7:53"), b"late".to_vec())];
    assert_eq!(bench.sent.to_target, sent);
}

/// UD-32: a name that does not resolve is dropped, and not asked for again at once.
#[test]
fn failures() {
    let mut bench = Bench::new(UdpRelay::new());
    bench.send("a.example:53", b"x");
    bench.resolved("a.example", &[]);
    bench.send("a.example:53", b"x");
    assert_eq!(bench.dropped(DropReason::Unresolved), 2);
    assert_eq!(bench.sent.lookups.len(), 1);
    bench.wait(5);
    bench.send("a.example:53", b"x");
    assert_eq!(bench.sent.lookups.len(), 2);
}

/// UD-32: answers for 64 names are kept.
#[test]
fn answers_are_bounded() {
    let mut bench = Bench::new(UdpRelay::new());
    for name in 0..65 {
        bench.send(&format!("n{name}.example:53"), b"x");
        bench.resolved(&format!("n{name}.example"), &["198.51.100.7"]);
        bench.now += Duration::from_millis(1);
    }
    bench.send("n64.example:53", b"x");
    bench.send("n1.example:53", b"x");
    assert_eq!(bench.sent.lookups.len(), 65);
    bench.send("n0.example:53", b"x");
    assert_eq!(bench.sent.lookups.len(), 66);
}

/// UD-28, SE-4, SE-12: of a name's addresses only the permitted ones are used, and none that
/// cannot be reached; kept answers are judged too.
#[test]
fn addresses_of_a_name() {
    let filter = |addr: SocketAddr| addr.ip() != "127.0.0.1".parse::<std::net::IpAddr>().unwrap();
    for (ips, no_ipv6, expected) in [
        (
            &["127.0.0.1", "198.51.100.7"][..],
            false,
            Some("198.51.100.7:53"),
        ),
        (
            &["2001:db8::1", "127.0.0.1"],
            false,
            Some("[2001:db8::1]:53"),
        ),
        (
            &["2001:db8::1", "198.51.100.7"],
            true,
            Some("198.51.100.7:53"),
        ),
        (&["127.0.0.1"], false, None),
    ] {
        let mut bench = Bench::permit(Permit::new().filter(filter));
        bench.sent.no_ipv6 = no_ipv6;
        bench.send("a.example:53", b"x");
        bench.resolved("a.example", ips);
        bench.send("a.example:53", b"x");
        let to: Vec<_> = bench.sent.to_target.iter().map(|(to, _)| *to).collect();
        match expected {
            Some(expected) => assert_eq!(to, [addr(expected); 2]),
            None => assert_eq!((to.len(), bench.dropped(DropReason::NotPermitted)), (0, 2)),
        }
    }
}

/// UD-27: names that break the rules are dropped; a literal in a name field is an address.
#[test]
fn malformed_names() {
    let mut bench = Bench::new(UdpRelay::new());
    for name in ["a\0b:53", "a..example:53", "fe80::1%eth0:53", "127.1:53"] {
        bench.send(name, b"x");
    }
    bench.send_from(CLIENT, b"\0\0\0\x03\0\0\x35x");
    assert_eq!(bench.dropped(DropReason::Name), 4);
    assert_eq!(bench.dropped(DropReason::Malformed), 1);
    assert!(bench.sent.lookups.is_empty());
    bench.send_from(CLIENT, b"\0\0\0\x03\x09192.0.2.1\0\x35x");
    assert_eq!(bench.sent.to_target[0].0, addr("192.0.2.1:53"));
}

/// UD-32: of a name with addresses of both families the client's own is sent to, and the next
/// permitted one where the system knows no way.
#[test]
fn the_own_family_first() {
    let permit = Permit::new().filter(|addr: SocketAddr| addr.ip() != IpAddr::from([10, 0, 0, 1]));
    let mut bench = Bench::permit(permit);
    bench.send("a.example:53", b"x");
    bench.resolved(
        "a.example",
        &["2001:db8::1", "10.0.0.1", "203.0.113.1", "203.0.113.2"],
    );
    assert_eq!(
        bench.sent.to_target,
        [(addr("203.0.113.1:53"), b"x".to_vec())]
    );

    let mut bench = Bench::permit(Permit::new());
    bench.sent.no_way_to = Some(addr("203.0.113.1:53"));
    bench.send("a.example:53", b"x");
    bench.resolved("a.example", &["2001:db8::1", "203.0.113.1"]);
    assert_eq!(
        bench.sent.to_target,
        [(addr("[2001:db8::1]:53"), b"x".to_vec())]
    );
    assert_eq!(bench.all_dropped(), 0);
}

/// UD-32: the address of a name that datagrams have gone to is given up when the system knows no
/// way there any more: with the datagrams that were being sent together, but not with the next.
#[test]
fn an_address_that_is_lost() {
    let mut bench = Bench::permit(Permit::new());
    bench.send("a.example:53", b"1");
    bench.resolved("a.example", &["203.0.113.1", "203.0.113.2"]);
    bench.send("a.example:53", b"2");
    bench.sent.no_way_to = Some(addr("203.0.113.1:53"));
    bench.send("a.example:53", b"3");
    bench.send("a.example:53", b"4");
    bench.sent.no_way_to = None;
    bench.send("a.example:53", b"5");
    let sent = [
        "203.0.113.1:53",
        "203.0.113.1:53",
        "203.0.113.2:53",
        "203.0.113.1:53",
    ];
    let sent = sent.iter().zip([b"1", b"2", b"4", b"5"]);
    let sent: Vec<_> = sent.map(|(to, data)| (addr(to), data.to_vec())).collect();
    assert_eq!(bench.sent.to_target, sent);
    assert_eq!(
        (bench.dropped(DropReason::Socket), bench.all_dropped()),
        (1, 1)
    );
    // Who may answer is who was sent to.
    bench.reply("203.0.113.1:53", b"x");
    assert_eq!(bench.sent.to_client.len(), 1);
}
