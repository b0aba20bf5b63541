use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use socks_core::message::{Permit, RulesEpoch};

use super::{Bench, CLIENT, TARGET, addr, datagram};
use crate::udp::{DropReason, ReplyPolicy, UdpRelay, flow::HEADROOM};

/// UD-33, SE-26: who may answer, for each policy; nobody before the client has sent, and nobody
/// 300 s after it has last sent.
#[test]
fn policies() {
    let sources = [TARGET, "198.51.100.1:54", "203.0.113.1:53"];
    for (policy, expected) in [
        (ReplyPolicy::AddressAndPortRestricted, [true, false, false]),
        (ReplyPolicy::AddressRestricted, [true, true, false]),
        (ReplyPolicy::AnyRemote, [true, true, true]),
    ] {
        let mut bench = Bench::new(UdpRelay::new().replies(policy));
        let answered = |bench: &mut Bench| {
            sources.map(|source| {
                let before = bench.sent.to_client.len();
                bench.reply(source, b"x");
                bench.sent.to_client.len() > before
            })
        };
        assert_eq!(answered(&mut bench), [false; 3], "{policy:?} before");
        bench.send(TARGET, b"x");
        assert_eq!(answered(&mut bench), expected, "{policy:?}");
        bench.wait(299);
        bench.send(TARGET, b"x");
        bench.wait(299);
        assert_eq!(answered(&mut bench), expected, "{policy:?} refreshed");
        bench.wait(1);
        let late = [policy == ReplyPolicy::AnyRemote; 3];
        assert_eq!(answered(&mut bench), late, "{policy:?} late");
    }
}

/// UD-17, UD-18: the header names the sender by its address, an IPv4-mapped one as IPv4, even if
/// the client sent to a name.
#[test]
fn headers() {
    let mut bench = Bench::new(UdpRelay::new());
    bench.send("dns.example:53", b"x");
    bench.resolved("dns.example", &["198.51.100.1"]);
    bench.send("[2001:db8::1]:53", b"x");
    bench.reply("[::ffff:198.51.100.1]:53", b"world");
    bench.reply("[2001:db8::1]:53", b"world");
    let v4 = (addr(CLIENT), datagram(0, TARGET, b"world"));
    let v6 = (addr(CLIENT), datagram(0, "[2001:db8::1]:53", b"world"));
    assert_eq!(bench.sent.to_client, [v4, v6]);
}

/// UD-28, UD-29, UD-31, SE-4: each datagram is judged, by the address that it will go to.
#[test]
fn destinations() {
    let filter = |addr: SocketAddr| addr.is_ipv4() && addr.port() == 53;
    let mut bench = Bench::permit(Permit::new().filter(filter));
    for _ in 0..3 {
        bench.send(TARGET, b"x");
        bench.send("198.51.100.1:54", b"x");
        bench.send("[2001:db8::1]:53", b"x");
    }
    bench.send("[::ffff:198.51.100.1]:53", b"x");
    bench.send("198.51.100.1:0", b"x");
    assert_eq!(bench.sent.to_target, vec![(addr(TARGET), b"x".to_vec()); 4]);
    assert_eq!(bench.dropped(DropReason::NotPermitted), 6);
    assert_eq!(bench.dropped(DropReason::PortZero), 1);
}

/// UD-28: verdicts about known targets are asked for again once the rules have changed, for both
/// directions.
#[test]
fn changed_rules() {
    for policy in [
        ReplyPolicy::AddressRestricted,
        ReplyPolicy::AddressAndPortRestricted,
        ReplyPolicy::AnyRemote,
    ] {
        let open = Arc::new(AtomicBool::new(true));
        let epoch = RulesEpoch::new();
        let rules = open.clone();
        let mut permit = Permit::new().filter(move |_: SocketAddr| rules.load(Ordering::Relaxed));
        permit.extensions.insert(epoch.clone());
        let mut bench = Bench::declared(UdpRelay::new().replies(policy), "0.0.0.0:0", permit);
        bench.send(TARGET, b"x");
        bench.reply(TARGET, b"x");
        open.store(false, Ordering::Relaxed);
        epoch.advance();
        bench.reply(TARGET, b"x");
        bench.send(TARGET, b"x");
        assert_eq!(bench.sent.to_target.len(), 1, "{policy:?}");
        assert_eq!(bench.sent.to_client.len(), 1, "{policy:?}");
        open.store(true, Ordering::Relaxed);
        bench.send(TARGET, b"x");
        bench.reply(TARGET, b"x");
        assert_eq!(bench.sent.to_client.len(), 2, "{policy:?}");
    }
}

/// SE-1, UD-34: rules about what comes back stand beside those about where datagrams go, and are
/// asked once a sender until they change.
#[test]
fn rules_about_replies() {
    for policy in [
        ReplyPolicy::AddressRestricted,
        ReplyPolicy::AddressAndPortRestricted,
        ReplyPolicy::AnyRemote,
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let epoch = RulesEpoch::new();
        let count = asked.clone();
        let open = move |addr: SocketAddr| {
            count.fetch_add(1, Ordering::Relaxed);
            addr.port() == 53
        };
        let mut permit = Permit::new().filter_incoming(open);
        permit.extensions.insert(epoch.clone());
        let mut bench = Bench::declared(UdpRelay::new().replies(policy), "0.0.0.0:0", permit);
        for target in ["198.51.100.1:53", "198.51.100.1:54"] {
            bench.send(target, b"x");
            bench.reply(target, b"x");
            bench.reply(target, b"x");
        }
        assert_eq!(bench.sent.to_target.len(), 2, "{policy:?}");
        assert_eq!(bench.sent.to_client.len(), 2, "{policy:?}");
        assert_eq!(bench.dropped(DropReason::NotPermitted), 2);
        assert_eq!(asked.load(Ordering::Relaxed), 2, "{policy:?}");
        epoch.advance();
        bench.reply("198.51.100.1:53", b"x");
        assert_eq!(asked.load(Ordering::Relaxed), 3, "{policy:?}");
    }
}

/// SE-28: so many targets within 300 s, and no more; the known ones go on.
#[test]
fn targets_are_bounded() {
    let mut bench = Bench::new(UdpRelay::new().max_targets(3));
    for port in 1..=5 {
        bench.send(&format!("198.51.100.1:{port}"), b"x");
    }
    bench.send("198.51.100.1:3", b"x");
    assert_eq!(bench.sent.to_target.len(), 4);
    assert_eq!(bench.dropped(DropReason::Targets), 2);
    bench.wait(300);
    bench.send("198.51.100.1:4", b"x");
    assert_eq!(bench.sent.to_target.len(), 5);
}

/// SE-28: 1024 is the default.
#[test]
fn default_number_of_targets() {
    let mut bench = Bench::new(UdpRelay::new());
    for port in 1..=1025 {
        bench.send(&format!("198.51.100.1:{port}"), b"x");
    }
    assert_eq!(bench.sent.to_target.len(), 1024);
    assert_eq!(bench.dropped(DropReason::Targets), 1);
}

/// UD-39, UD-36: errors of a socket are counted by what they mean and nothing else happens.
#[cfg(unix)]
#[test]
fn socket_errors() {
    let mut bench = Bench::new(UdpRelay::new());
    for error in [
        libc::ECONNREFUSED,
        libc::EHOSTUNREACH,
        libc::EMSGSIZE,
        libc::EAGAIN,
        libc::ENOBUFS,
    ] {
        bench.sent.fail = Some(error);
        bench.send(TARGET, b"x");
    }
    bench.sent.fail = None;
    bench.send(TARGET, b"x");
    assert_eq!(bench.sent.to_target.len(), 1);
    assert_eq!(bench.dropped(DropReason::Socket), 2);
    assert_eq!(bench.dropped(DropReason::Oversize), 1);
    assert_eq!(bench.dropped(DropReason::Congested), 2);
    // Nothing that was not sent counts, neither as traffic nor as activity.
    let (counters, traffic) = (bench.flow.counters().clone(), bench.flow.traffic().clone());
    let deadline = bench.flow.deadline();
    bench.wait(1);
    bench.sent.fail = Some(libc::EAGAIN);
    bench.send(TARGET, b"x");
    bench.send(TARGET, b"x");
    assert_eq!((counters.sent(), traffic.sent()), (1, 1));
    assert_eq!(bench.flow.deadline(), deadline);
}

/// UD-17: of datagrams that stand behind each other in memory, as the system hands over what it
/// has put together, each gets its header in front, over the end of the one before.
#[test]
fn datagrams_that_arrive_in_one_piece() {
    let mut bench = Bench::new(UdpRelay::new());
    bench.send(TARGET, b"x");
    let mut slot = [&[0; HEADROOM][..], b"firstsecndlast"].concat();
    for octets in [0..5, 5..10, 10..14] {
        let octets = HEADROOM + octets.start..HEADROOM + octets.end;
        let (source, now) = (addr(TARGET), bench.now);
        let sent = &mut bench.sent;
        bench
            .flow
            .outside_sent(&mut slot, octets, source, now, sent);
    }
    let heard: Vec<_> = bench
        .sent
        .to_client
        .into_iter()
        .map(|(_, heard)| heard)
        .collect();
    assert_eq!(
        heard,
        [&b"first"[..], b"secnd", b"last"].map(|data| datagram(0, TARGET, data))
    );
}
