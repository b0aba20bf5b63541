use std::sync::Arc;

use mechanism::{Mechanism, OVERHEAD};
use socks_core::{
    gssapi::{Levels, Services},
    subnegotiation::DatagramProtection,
};

use crate::ends::{frame, protections};

type Shared = Arc<dyn DatagramProtection>;

fn datagrams(mechanism: &Mechanism, levels: Levels) -> (Shared, Shared) {
    let (client, server) = protections(mechanism, levels);
    (client.datagrams().unwrap(), server.datagrams().unwrap())
}

fn wrapped(side: &Shared, plain: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::new();
    side.wrap(plain, &mut datagram).unwrap();
    datagram
}

fn unwrapped(side: &Shared, datagram: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let done = side.unwrap(datagram, &mut plain);
    assert!(done.is_ok() || plain.is_empty());
    done.ok().map(|()| plain)
}

/// UD-19, GS-24: header and data are one frame, both ways, at each level.
#[test]
fn whole_datagrams() {
    for levels in [Levels::INTEGRITY, Levels::CONFIDENTIALITY] {
        let (client, server) = datagrams(&Mechanism::new(), levels);
        let plain = b"\0\0\0\x01\xc0\0\x02\x35\0\x35hello";
        for (from, to) in [(&client, &server), (&server, &client)] {
            let datagram = wrapped(from, plain);
            assert_eq!(datagram[..2], [1, 3]);
            assert_eq!(unwrapped(to, &datagram).as_deref(), Some(&plain[..]));
        }
    }
}

/// GS-24: a datagram that is cut, longer than its length says, of another type or in clear is none.
#[test]
fn malformed_datagrams() {
    let (client, server) = datagrams(&Mechanism::new(), Levels::CONFIDENTIALITY);
    let datagram = wrapped(&client, b"\0\0\0\x01\xc0\0\x02\x35\0\x35hello");
    for end in 0..datagram.len() {
        assert_eq!(unwrapped(&server, &datagram[..end]), None);
    }
    let longer = [&datagram[..], b"x"].concat();
    let other_type = frame(1, &datagram[4..]);
    let clear = b"\0\0\0\x01\xc0\0\x02\x35\0\x35hello";
    for datagram in [&longer[..], &other_type, clear, b"\x01\x03\x00\x00", b""] {
        assert_eq!(unwrapped(&server, datagram), None);
    }
    assert!(unwrapped(&server, &datagram).is_some());
}

/// GS-26: datagrams may overtake each other, sequencing or not; none counts twice, and none
/// beforehand.
#[test]
fn overtaken_and_replayed() {
    for sequencing in [false, true] {
        let mechanism = Mechanism::new().sequencing(sequencing);
        let (client, server) = datagrams(&mechanism, Levels::CONFIDENTIALITY);
        let sent: Vec<_> = (0..5_u8).map(|n| wrapped(&client, &[n])).collect();
        for number in [4, 0, 3, 1] {
            assert_eq!(unwrapped(&server, &sent[number]), Some(vec![number as u8]));
        }
        for number in [4, 0, 3, 1] {
            assert_eq!(unwrapped(&server, &sent[number]), None);
        }
        assert_eq!(unwrapped(&server, &sent[2]), Some(vec![2]));
    }
}

/// GS-26: without replay detection there is no protection for datagrams, so no association.
#[test]
fn replay_detection_is_needed() {
    let mechanism = Mechanism::new().services(Services {
        integrity: true,
        confidentiality: true,
        replay_detection: false,
    });
    let (client, server) = protections(&mechanism, Levels::INTEGRITY);
    assert!(client.datagrams().is_none() && server.datagrams().is_none());
}

/// GS-25: what a datagram carries less: the frame's header and the mechanism's.
#[test]
fn sizes() {
    let (client, server) = datagrams(&Mechanism::new(), Levels::CONFIDENTIALITY);
    for carried in [65_507, 65_527, 1472] {
        let capacity = client.capacity(carried);
        assert_eq!(capacity, carried - 4 - OVERHEAD);
        let datagram = wrapped(&client, &vec![7; capacity]);
        assert_eq!(datagram.len(), carried);
        assert_eq!(
            unwrapped(&server, &datagram).map(|plain| plain.len()),
            Some(capacity)
        );
    }
    assert_eq!(client.capacity(3), 0);
    // A length field says 65535 at most, and what is longer is not cut.
    let mut datagram = Vec::new();
    assert!(
        client
            .wrap(&vec![7; 65_536 - OVERHEAD], &mut datagram)
            .is_err()
    );
    assert!(datagram.is_empty());
}
