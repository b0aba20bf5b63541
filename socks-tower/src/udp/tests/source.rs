use socks_core::message::Permit;

use super::{Bench, CLIENT, TARGET, addr, datagram};
use crate::udp::{ClientPin, DropReason, UdpRelay};

/// UD-5, UD-16: only the address of the control connection is the client, mapped or not.
#[test]
fn other_addresses() {
    let mut bench = Bench::new(UdpRelay::new());
    for source in [
        "192.0.2.2:5000",
        "[2001:db8::1]:5000",
        "[::ffff:192.0.2.2]:5000",
    ] {
        bench.send_from(source, &datagram(0, TARGET, b"x"));
    }
    assert!(bench.sent.to_target.is_empty() && bench.sent.pinned.is_none());
    assert_eq!(bench.dropped(DropReason::Foreign), 3);
    bench.send_from("[::ffff:192.0.2.1]:5000", &datagram(0, TARGET, b"x"));
    assert_eq!(bench.sent.to_target.len(), 1);
}

/// UD-5: an address in the request that is not the client's own is not trusted, and changes
/// nothing for the one that is.
#[test]
fn declared_addresses() {
    for declared in ["203.0.113.9:7000", "0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let mut bench = Bench::declared(UdpRelay::new(), declared, Permit::new());
        bench.send_from("203.0.113.9:7000", &datagram(0, TARGET, b"x"));
        assert!(bench.sent.to_target.is_empty(), "{declared}");
        bench.send(TARGET, b"x");
        assert_eq!(bench.sent.to_target.len(), 1, "{declared}");
    }
}

/// UD-6, UD-7, UD-4, SE-30: which port is the client's, for each policy.
#[test]
fn ports() {
    let (first, named) = (CLIENT, "192.0.2.1:7000");
    for (pin, declared, expected) in [
        (ClientPin::FirstValid, "0.0.0.0:0", [true, false]),
        (ClientPin::FirstValid, "[::]:0", [true, false]),
        // Named with another address: behind address translation, so the port may differ.
        (ClientPin::FirstValid, "10.0.0.1:7000", [true, false]),
        // Named with its own address: nobody else can be faster.
        (ClientPin::FirstValid, "192.0.2.1:7000", [false, true]),
        (
            ClientPin::FirstValid,
            "[::ffff:192.0.2.1]:7000",
            [false, true],
        ),
        (ClientPin::Declared, "0.0.0.0:7000", [false, true]),
        (ClientPin::Declared, "[::]:7000", [false, true]),
        (ClientPin::Declared, "0.0.0.0:0", [true, false]),
        (ClientPin::AnyPort, "192.0.2.1:7000", [true, true]),
    ] {
        let relay = UdpRelay::new().client_pin(pin);
        let mut bench = Bench::declared(relay, declared, Permit::new());
        let passed = [first, named].map(|source| {
            let before = bench.sent.to_target.len();
            bench.send_from(source, &datagram(0, TARGET, b"x"));
            bench.sent.to_target.len() > before
        });
        assert_eq!(passed, expected, "{pin:?} {declared}");
        bench.reply(TARGET, b"y");
        let last = if passed[1] { named } else { first };
        assert_eq!(bench.sent.to_client[0].0, addr(last), "{pin:?} {declared}");
    }
}

/// UD-6, UD-26: what is not a valid datagram does not fix the port.
#[test]
fn only_valid_datagrams_pin() {
    let mut bench = Bench::new(UdpRelay::new());
    let whole = datagram(0, TARGET, b"");
    for len in 0..whole.len() {
        bench.send_from("192.0.2.1:6666", &whole[..len]);
    }
    assert_eq!(bench.dropped(DropReason::Malformed), 10);
    bench.send_from("192.0.2.1:6666", b"\0\0\0\x02\xc0\0\x02\x01\0\x35x");
    bench.send_from("192.0.2.1:6666", &datagram(1, TARGET, b"x"));
    bench.send_from("192.0.2.1:6666", &datagram(0x80, TARGET, b"x"));
    assert_eq!(bench.sent.pinned, None);
    bench.send(TARGET, b"x");
    assert_eq!(bench.sent.pinned, Some(addr(CLIENT)));
    bench.send_from("192.0.2.1:6666", &whole);
    assert_eq!(bench.sent.to_target.len(), 1);
}

/// UD-15: before the client has been heard there is nobody to send to, and what is dropped is not
/// answered.
#[test]
fn nothing_is_answered() {
    let mut bench = Bench::new(UdpRelay::new());
    bench.reply(TARGET, b"x");
    bench.send_from("192.0.2.9:1", &datagram(0, TARGET, b"x"));
    bench.send_from(CLIENT, b"");
    bench.send("198.51.100.1:0", b"x");
    assert_eq!(bench.all_dropped(), 4);
    assert_eq!(bench.dropped(DropReason::PortZero), 1);
    assert!(bench.sent.to_client.is_empty() && bench.sent.to_target.is_empty());
}
