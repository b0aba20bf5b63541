//! What an application's filter says about datagrams.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use socks_core::{
    message::Associate,
    subnegotiation::{DatagramProtection, ProtectionError},
};

use super::{
    super::{Datagram, DatagramFilter, DatagramVerdict, Direction, DropReason, UdpRelay},
    Bench, TARGET, datagram,
};
use crate::{
    Cut,
    inspect::{Chunk, InspectDatagrams, Inspection, Inspector, Subject},
};

/// UD-34: an operation of its own, which sees the sender's address.
#[test]
fn filters_see_both_directions() {
    let make = |_: &Associate| -> Option<Arc<dyn DatagramFilter>> {
        Some(Arc::new(|datagram: &Datagram<'_>| {
            let bad = match datagram.direction {
                Direction::ToTarget => datagram.data == b"out",
                Direction::ToClient => datagram.remote.port() == 54,
            };
            match bad {
                true => DatagramVerdict::Drop,
                false => DatagramVerdict::Pass,
            }
        }))
    };
    let mut bench = Bench::new(UdpRelay::new().filter(make));
    bench.send(TARGET, b"out");
    bench.send(TARGET, b"x");
    bench.reply("198.51.100.1:54", b"x");
    bench.reply(TARGET, b"out");
    assert_eq!(bench.sent.to_target.len(), 1);
    assert_eq!(bench.sent.to_client[0].1, datagram(0, TARGET, b"out"));
    assert_eq!(bench.dropped(DropReason::Filtered), 2);
}

/// UD-34, SE-28: a filter may meter, so it does not see what a limit drops; and what it drops does
/// not take a target's place.
#[test]
fn filters_see_what_the_limits_let_through() {
    let seen = Arc::new(AtomicUsize::new(0));
    let sees = seen.clone();
    let make = move |_: &Associate| -> Option<Arc<dyn DatagramFilter>> {
        let sees = sees.clone();
        Some(Arc::new(move |datagram: &Datagram<'_>| {
            sees.fetch_add(1, Ordering::Relaxed);
            match datagram.data {
                b"bad" => DatagramVerdict::Drop,
                _ => DatagramVerdict::Pass,
            }
        }))
    };
    let relay = UdpRelay::new()
        .filter(make)
        .datagrams_per_second(5)
        .max_targets(2);
    let mut bench = Bench::new(relay);
    bench.send("198.51.100.9:1", b"bad");
    for port in 1..=3 {
        bench.send(&format!("198.51.100.1:{port}"), b"x");
    }
    assert_eq!(bench.dropped(DropReason::Targets), 1);
    assert_eq!(seen.swap(0, Ordering::Relaxed), 3);
    for _ in 0..9 {
        bench.reply("198.51.100.1:1", b"x");
    }
    assert_eq!(bench.dropped(DropReason::Rate), 4);
    assert_eq!(seen.load(Ordering::Relaxed), 5);
}

fn saying(verdict: impl Fn(&[u8]) -> DatagramVerdict + Send + Sync + Copy + 'static) -> UdpRelay {
    UdpRelay::new().filter(move |_: &Associate| -> Option<Arc<dyn DatagramFilter>> {
        Some(Arc::new(move |datagram: &Datagram<'_>| {
            verdict(datagram.data)
        }))
    })
}

/// Another payload goes in place of the datagram's own, with the same addresses, and is what is counted.
#[test]
fn rewritten() {
    let mut bench = Bench::new(saying(|data| match data {
        b"keep" => DatagramVerdict::Pass,
        b"none" => DatagramVerdict::Rewrite(Bytes::new()),
        _ => DatagramVerdict::Rewrite(Bytes::from_static(b"something longer")),
    }));
    for data in [&b"keep"[..], b"x", b"none"] {
        bench.send(TARGET, data);
        bench.reply(TARGET, data);
    }
    let to: SocketAddr = TARGET.parse().unwrap();
    let expected: [&[u8]; 3] = [b"keep", b"something longer", b""];
    let sent: Vec<_> = expected.iter().map(|data| (to, data.to_vec())).collect();
    assert_eq!(bench.sent.to_target, sent);
    let received = bench
        .sent
        .to_client
        .iter()
        .map(|(_, octets)| octets.clone());
    let headed = expected.iter().map(|data| datagram(0, TARGET, data));
    assert!(received.eq(headed));
    let traffic = bench.flow.traffic();
    assert_eq!((traffic.sent(), traffic.received()), (20, 20));
}

/// UD-36: what no datagram can hold is dropped, and nothing else happens.
#[test]
fn rewritten_too_long() {
    let mut bench = Bench::new(saying(|_| DatagramVerdict::Rewrite(vec![0; 65_528].into())));
    bench.send(TARGET, b"x");
    assert_eq!(bench.dropped(DropReason::Oversize), 1);
    let mut bench = Bench::new(saying(|_| DatagramVerdict::Rewrite(vec![0; 65_527].into())));
    bench.send(TARGET, b"x");
    assert_eq!(bench.sent.to_target[0].1.len(), 65_527);
}

/// UD-19: what goes in place of a payload is protected like it.
#[test]
fn rewritten_inside_a_protection() {
    #[derive(Debug)]
    struct Marked;

    impl DatagramProtection for Marked {
        fn capacity(&self, octets: usize) -> usize {
            octets.saturating_sub(1)
        }

        fn wrap(&self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError> {
            output.push(b'!');
            output.extend_from_slice(plain);
            Ok(())
        }

        fn unwrap(&self, frame: &[u8], plain: &mut Vec<u8>) -> Result<(), ProtectionError> {
            plain.extend_from_slice(frame.strip_prefix(b"!").ok_or(ProtectionError)?);
            Ok(())
        }
    }

    let mut bench = Bench::new(saying(|_| {
        DatagramVerdict::Rewrite(Bytes::from_static(b"y"))
    }));
    bench.flow.protection = Some(Arc::new(Marked));
    let protected = |data| [&b"!"[..], &datagram(0, TARGET, data)].concat();
    bench.send_from(super::CLIENT, &protected(b"x"));
    bench.reply(TARGET, b"x");
    assert_eq!(bench.sent.to_target[0].1, b"y");
    assert_eq!(bench.sent.to_client[0].1, protected(b"y"));
}

/// A cut ends the association; the first reason counts.
#[test]
fn cut() {
    let mut bench = Bench::new(saying(|data| match data {
        b"one" => DatagramVerdict::Cut(Cut::new("one")),
        _ => DatagramVerdict::Cut(Cut::new("other")),
    }));
    bench.send(TARGET, b"one");
    bench.send(TARGET, b"two");
    assert_eq!(bench.dropped(DropReason::Filtered), 2);
    assert_eq!(bench.flow.cut, Some(Cut::new("one")));
    assert!(bench.sent.to_target.is_empty());
}

type Seen = Arc<Mutex<Vec<(Direction, Vec<u8>)>>>;

/// Answers by the payload, and wants no replies once one came.
struct ByName {
    replied: bool,
    seen: Seen,
}

impl Inspector for ByName {
    fn inspect(&mut self, chunk: &Chunk<'_>) -> Inspection {
        let datagram = chunk.datagram.unwrap();
        assert_eq!(datagram.remote, TARGET.parse().unwrap());
        assert!(!chunk.end && !chunk.overdue && datagram.data == chunk.data);
        let seen = (chunk.direction, chunk.data.to_vec());
        self.seen.lock().unwrap().push(seen);
        self.replied |= chunk.direction == Direction::ToClient;
        match chunk.data {
            b"rewrite" => Inspection::Rewrite(Bytes::from_static(b"rewritten")),
            b"all" => Inspection::PassSome(3),
            b"some" => Inspection::PassSome(3),
            b"replace" => Inspection::RewriteSome(3, Bytes::new()),
            b"replace all" => Inspection::RewriteSome(11, Bytes::from_static(b"replaced")),
            b"hold" => Inspection::Hold,
            b"later" => Inspection::later(async { Inspection::Pass }),
            b"cut" => Inspection::Cut(Cut::new("cut")),
            _ => Inspection::Pass,
        }
    }

    fn wants(&self, direction: Direction) -> bool {
        direction == Direction::ToTarget || !self.replied
    }
}

/// An inspector of tunnels inspects datagrams too; what it would hold of one is dropped whole.
#[test]
fn inspected() {
    let seen = Seen::default();
    let sees = Arc::clone(&seen);
    let make = InspectDatagrams::new(move |subject: &Subject<'_>| -> Option<Box<dyn Inspector>> {
        assert_eq!(subject.command, socks_core::Command::UdpAssociate);
        let seen = Arc::clone(&sees);
        Some(Box::new(ByName {
            replied: false,
            seen,
        }))
    });
    let mut bench = Bench::new(UdpRelay::new().filter(make));
    for data in [
        "pass",
        "rewrite",
        "all",
        "some",
        "replace",
        "replace all",
        "hold",
        "later",
        "cut",
    ] {
        bench.send(TARGET, data.as_bytes());
    }
    let sent = bench.sent.to_target.iter().map(|(_, data)| &**data);
    assert!(sent.eq([&b"pass"[..], b"rewritten", b"all", b"replaced"]));
    assert_eq!(bench.dropped(DropReason::Filtered), 5);
    assert_eq!(bench.flow.cut, Some(Cut::new("cut")));
    for data in [b"rewrite", b"another"] {
        bench.reply(TARGET, data);
    }
    let received = bench.sent.to_client.iter().map(|(_, data)| data.clone());
    assert!(received.eq([
        datagram(0, TARGET, b"rewritten"),
        datagram(0, TARGET, b"another")
    ]));
    let replies = seen.lock().unwrap();
    let replies = replies.iter().filter(|seen| seen.0 == Direction::ToClient);
    assert_eq!(replies.count(), 1);
}
