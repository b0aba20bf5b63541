//! Batches through a system that the tests write the rules of, and through sockets.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux;
mod properties;
mod scripted;
mod sockets;

use std::{io, net::SocketAddr};

use super::{Departures, Settled, Side, Wire, departures::WORTH_COPYING, runs::run};
use scripted::{Scripted, refused, too_long};

fn target(number: u16) -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 1], number))
}

fn client() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 5000))
}

/// Sends datagrams of such lengths to such targets as one batch.
fn batch(system: &mut Scripted, datagrams: &[(u16, usize)]) -> Vec<Settled> {
    let mut departures = Departures::new();
    for (to, len) in datagrams {
        departures.push(Side::V4, target(*to), &vec![0; *len], *len, system);
    }
    departures.flush(system);
    departures.settled().collect()
}

fn failures(settled: &[Settled]) -> usize {
    let failed = |settled: &&Settled| match settled {
        Settled::ToTarget { result, .. } | Settled::ToClient { result, .. } => result.is_err(),
        Settled::Reported(_) => false,
    };
    settled.iter().filter(failed).count()
}

/// One piece for a run of the same length to the same place, whose last may be shorter but not
/// empty; what is too long to be a segment goes by itself.
#[test]
fn runs() {
    for (datagrams, segment, pieces) in [
        (&[(1, 100), (1, 100), (1, 100)][..], 1472, &[3][..]),
        (&[(1, 100), (1, 100), (1, 40)], 1472, &[3]),
        (&[(1, 100), (1, 40), (1, 100)], 1472, &[2]),
        (&[(1, 40), (1, 100), (1, 100)], 1472, &[2]),
        (&[(1, 100), (1, 100), (1, 0)], 1472, &[2]),
        (&[(1, 0), (1, 0)], 1472, &[]),
        (&[(1, 100), (2, 100), (1, 100)], 1472, &[]),
        (&[(1, 100), (1, 100), (2, 100), (2, 100)], 1472, &[2, 2]),
        (&[(1, 1473), (1, 1473)], 1472, &[]),
        (&[(1, 1472), (1, 1472)], 1472, &[2]),
        (&[(1, 100), (1, 100)], 0, &[]),
    ] {
        let mut system = Scripted::new(segment);
        let settled = batch(&mut system, datagrams);
        assert_eq!(system.pieces, pieces, "{datagrams:?}");
        let sent: Vec<_> = system.sent.iter().map(|(_, _, data)| data.len()).collect();
        let expected: Vec<_> = datagrams.iter().map(|(_, len)| *len).collect();
        assert_eq!(sent, expected);
        assert_eq!((settled.len(), failures(&settled)), (datagrams.len(), 0));
    }
}

/// A piece has 64 segments and 65,507 octets at most.
#[test]
fn bounds_of_a_piece() {
    let mut system = Scripted::new(1472);
    batch(&mut system, &[(1, 10); 100]);
    assert_eq!(system.pieces, [64, 36]);
    let mut system = Scripted::new(1472);
    batch(&mut system, &[(1, 1472); 60]);
    assert_eq!(system.pieces, [44, 16]);
    assert!(run(&[], 1472) == 0);
}

/// UD-36: long datagrams are not held back behind others of theirs, nor sent ahead of them.
#[test]
fn long_datagrams() {
    let mut system = Scripted::new(1472);
    let lens = [10, WORTH_COPYING + 1, 10, WORTH_COPYING, 65_507, 10];
    let settled = batch(&mut system, &lens.map(|len| (1, len)));
    let sent: Vec<_> = system.sent.iter().map(|(_, _, data)| data.len()).collect();
    assert_eq!(sent, lens);
    assert_eq!((settled.len(), failures(&settled)), (6, 0));
}

/// What the system does not take in one piece goes one by one, and it is not asked again.
#[test]
fn refused_pieces() {
    let mut system = Scripted::new(1472);
    system.refuses_pieces = true;
    let settled = batch(&mut system, &[(1, 100); 10]);
    assert_eq!((system.sent.len(), failures(&settled)), (10, 0));
    batch(&mut system, &[(1, 100); 10]);
    assert_eq!((system.asked_for_pieces, system.sent.len()), (1, 20));
}

/// UD-39: a datagram that cannot be sent takes none with it, wherever it stands.
#[test]
fn one_that_fails() {
    for place in 0..10 {
        let mut system = Scripted::new(0);
        system.no_way_to = Some(target(9));
        let mut datagrams = [(1, 100); 10];
        datagrams[place] = (9, 100);
        let settled = batch(&mut system, &datagrams);
        assert_eq!((system.sent.len(), failures(&settled)), (9, 1), "{place}");
        assert!(
            matches!(&settled[place], Settled::ToTarget { to, result: Err(_), .. } if *to == target(9))
        );
    }
}

/// UD-39: what ICMP said about an earlier datagram is counted by itself; the datagram that met it
/// is sent all the same.
#[test]
fn reports() {
    let prohibited: fn() -> io::Error = || io::ErrorKind::HostUnreachable.into();
    for (count, segment, report) in [
        (1, 0, refused as fn() -> io::Error),
        (5, 0, refused),
        (5, 1472, refused),
        (1, 0, prohibited),
        (5, 0, prohibited),
        // That an earlier one was too long for the way, which these are not.
        (1, 0, too_long),
        (5, 0, too_long),
    ] {
        let mut system = Scripted::new(segment);
        system.report = Some(report);
        let mut departures = Departures::new();
        for _ in 0..count {
            departures.push(Side::Client, client(), b"datagram", 1, &mut system);
        }
        departures.flush(&mut system);
        let settled: Vec<_> = departures.settled().collect();
        assert!(matches!(&settled[0], Settled::Reported(error) if error.kind() == report().kind()));
        assert_eq!((settled.len(), failures(&settled)), (count + 1, 0));
        assert_eq!(system.sent.len(), count);
    }
}

/// UD-39: a datagram to the client that fails by itself is tried once more, for that cannot be told
/// from a report, and counted once.
#[test]
fn what_is_no_report() {
    let mut system = Scripted::new(0);
    system.too_long = Some(1);
    let mut departures = Departures::new();
    for data in [b"a\0", b"b\x01", b"c\0", b"d\x01"] {
        departures.push(Side::Client, client(), data, 1, &mut system);
    }
    departures.flush(&mut system);
    let settled: Vec<_> = departures.settled().collect();
    assert_eq!((settled.len(), failures(&settled)), (4, 2));
    assert_eq!(system.sent.len(), 2);
}
