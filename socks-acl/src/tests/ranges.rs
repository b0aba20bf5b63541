use std::net::IpAddr;

use proptest::prelude::*;

use super::{LOCAL, PUBLIC, connect, judge, nets};
use crate::{Refusal, SafeDefault, SpecialPurpose as Range};

/// A range, its first and last address and one beyond each end (`-` if that is special too).
const RANGES: &[(Range, &str, &str, &str, &str)] = &[
    (
        Range::ThisNetwork,
        "0.0.0.0",
        "0.255.255.255",
        "-",
        "1.0.0.0",
    ),
    (Range::ThisNetwork, "::", "::", "-", "-"),
    (
        Range::Loopback,
        "127.0.0.0",
        "127.255.255.255",
        "126.255.255.255",
        "128.0.0.0",
    ),
    (Range::Loopback, "::1", "::1", "-", "-"),
    (
        Range::LinkLocal,
        "169.254.0.0",
        "169.254.255.255",
        "169.253.255.255",
        "169.255.0.0",
    ),
    (Range::LinkLocal, "fe80::", "febf:ffff::1", "-", "-"),
    (
        Range::Metadata,
        "169.254.169.254",
        "169.254.169.254",
        "-",
        "-",
    ),
    (Range::Metadata, "fd00:ec2::254", "fd00:ec2::254", "-", "-"),
    (
        Range::Metadata,
        "100.100.100.200",
        "100.100.100.200",
        "-",
        "-",
    ),
    (
        Range::Metadata,
        "168.63.129.16",
        "168.63.129.16",
        "168.63.129.15",
        "168.63.129.17",
    ),
    (
        Range::Private,
        "10.0.0.0",
        "10.255.255.255",
        "9.255.255.255",
        "11.0.0.0",
    ),
    (
        Range::Private,
        "172.16.0.0",
        "172.31.255.255",
        "172.15.255.255",
        "172.32.0.0",
    ),
    (
        Range::Private,
        "192.168.0.0",
        "192.168.255.255",
        "192.167.255.255",
        "192.169.0.0",
    ),
    (
        Range::Shared,
        "100.64.0.0",
        "100.127.255.255",
        "100.63.255.255",
        "100.128.0.0",
    ),
    (Range::UniqueLocal, "fc00::", "fdff:ffff::1", "-", "-"),
    (Range::SiteLocal, "fec0::", "feff:ffff::1", "-", "-"),
    (
        Range::ProtocolAssignment,
        "192.0.0.0",
        "192.0.0.255",
        "191.255.255.255",
        "192.0.1.0",
    ),
    (
        Range::ProtocolAssignment,
        "192.88.99.0",
        "192.88.99.255",
        "192.88.98.255",
        "192.88.100.0",
    ),
    (
        Range::ProtocolAssignment,
        "2001:1::",
        "2001:1ff:ffff::1",
        "-",
        "2001:200::",
    ),
    (
        Range::Documentation,
        "192.0.2.0",
        "192.0.2.255",
        "192.0.1.255",
        "192.0.3.0",
    ),
    (
        Range::Documentation,
        "198.51.100.0",
        "198.51.100.255",
        "198.51.99.255",
        "198.51.101.0",
    ),
    (
        Range::Documentation,
        "203.0.113.0",
        "203.0.113.255",
        "203.0.112.255",
        "203.0.114.0",
    ),
    (
        Range::Documentation,
        "2001:db8::",
        "2001:db8:ffff::1",
        "2001:db7::1",
        "2001:db9::",
    ),
    (
        Range::Documentation,
        "3fff::",
        "3fff:fff:ffff::1",
        "3ffe::1",
        "3fff:1000::",
    ),
    (
        Range::Benchmarking,
        "198.18.0.0",
        "198.19.255.255",
        "198.17.255.255",
        "198.20.0.0",
    ),
    (
        Range::Benchmarking,
        "2001:2::",
        "2001:2:0:ffff::1",
        "-",
        "-",
    ),
    (
        Range::LocalTranslation,
        "64:ff9b:1::",
        "64:ff9b:1:ffff::1",
        "-",
        "-",
    ),
    (
        Range::Multicast,
        "224.0.0.0",
        "239.255.255.255",
        "223.255.255.255",
        "-",
    ),
    (Range::Multicast, "ff00::", "ffff:ffff::1", "-", "-"),
    (
        Range::Broadcast,
        "255.255.255.255",
        "255.255.255.255",
        "-",
        "-",
    ),
    (Range::Reserved, "240.0.0.0", "255.255.255.254", "-", "-"),
    (Range::Reserved, "100::", "100::ffff", "-", "-"),
    (Range::Reserved, "::2", "::ffff:0:0:0", "-", "-"),
    (
        Range::Reserved,
        "4000::",
        "fbff:ffff::1",
        "3fff:ffff::1",
        "-",
    ),
];

fn of(ip: &str) -> Option<Range> {
    Range::of(ip.parse().unwrap())
}

/// What a policy opens: the network around the proxy, or its machine too.
#[derive(Clone, Copy, PartialEq)]
enum Opened {
    Nothing,
    Network,
    Host,
}

fn opens(opened: Opened, range: Range) -> bool {
    match range {
        Range::Loopback | Range::LinkLocal | Range::Metadata => opened == Opened::Host,
        Range::Private
        | Range::Shared
        | Range::UniqueLocal
        | Range::SiteLocal
        | Range::ProtocolAssignment
        | Range::Documentation
        | Range::Benchmarking => opened != Opened::Nothing,
        _ => false,
    }
}

/// SE-5, SE-6, SE-7, SE-8, SE-10: each range from its first address to its last, and no further.
#[test]
fn ranges_end_where_they_end() {
    for (range, first, last, before, after) in RANGES {
        assert_eq!(of(first), Some(*range), "{first}");
        assert_eq!(of(last), Some(*range), "{last}");
        for beyond in [before, after].into_iter().filter(|ip| **ip != "-") {
            assert_eq!(of(beyond), None, "{beyond}");
            let judged = judge(&SafeDefault::new(), PUBLIC, beyond);
            assert_eq!(judged, Ok(()), "{beyond}");
        }
    }
}

#[test]
fn public_addresses_are_ordinary() {
    for ip in ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "2001:4860::8888"] {
        assert_eq!(of(ip), None, "{ip}");
        assert_eq!(judge(&SafeDefault::new(), PUBLIC, ip), Ok(()));
    }
}

/// SE-5, SE-6, SE-7, SE-8, SE-10: what each setting and a local listener opens, and that nothing
/// opens the rest.
#[test]
fn what_opens_which_range() {
    let default = SafeDefault::new();
    let untrusting = default.clone().trust_local_listeners(false);
    let private = default.clone().allow_private(true);
    let local = default.clone().allow_local(true);
    for (access, listener, opened) in [
        (&default, PUBLIC, Opened::Nothing),
        (&untrusting, LOCAL, Opened::Nothing),
        (&private, PUBLIC, Opened::Network),
        (&local, PUBLIC, Opened::Host),
        (&default, LOCAL, Opened::Host),
        (&default, "[::1]:1080", Opened::Host),
    ] {
        for (range, first, last, ..) in RANGES {
            for ip in [first, last] {
                let expected = match opens(opened, *range) {
                    true => Ok(()),
                    false => Err(Refusal::SpecialPurpose(*range)),
                };
                assert_eq!(judge(access, listener, ip), expected, "{ip} {listener}");
            }
        }
    }
}

/// SE-8: single networks are opened and closed, and closing wins.
#[test]
fn listed_networks() {
    let access = SafeDefault::new()
        .allow(nets(["10.0.0.0/8", "fd00:1::/32", "64:ff9b:1::/48"]))
        .deny(nets(["10.9.0.0/16", "1.1.1.1/32", "::ffff:9.0.0.0/104"]));
    let judge = |ip| judge(&access, PUBLIC, ip);
    for ip in [
        "10.1.2.3",
        "::ffff:10.1.2.3",
        "64:ff9b::10.1.2.3",
        "fd00:1::5",
        "64:ff9b:1::5",
    ] {
        assert_eq!(judge(ip), Ok(()), "{ip}");
    }
    for ip in ["10.9.0.1", "64:ff9b::10.9.0.1", "1.1.1.1", "9.1.2.3"] {
        assert_eq!(judge(ip), Err(Refusal::DeniedNetwork), "{ip}");
    }
    for ip in ["192.168.0.1", "fd00:2::5", "127.0.0.1"] {
        assert!(judge(ip).is_err(), "{ip}");
    }
}

/// SE-7: the list of metadata addresses is configurable.
#[test]
fn metadata_addresses_are_configurable() {
    let access = SafeDefault::new().allow(nets(["168.63.129.16/32"]));
    let access = access.deny(nets(["9.9.9.10/32"]));
    assert_eq!(judge(&access, PUBLIC, "168.63.129.16"), Ok(()));
    assert!(judge(&access, PUBLIC, "9.9.9.10").is_err());
    assert!(judge(&access, PUBLIC, "169.254.169.254").is_err());
}

/// SE-6, SE-10: these are no destinations, listed or not.
#[test]
fn some_ranges_stay_closed() {
    let access = SafeDefault::new()
        .allow(nets(["0.0.0.0/0", "::/0"]))
        .allow_local(true);
    for ip in [
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
    ] {
        assert!(judge(&access, LOCAL, ip).is_err(), "{ip}");
    }
    assert_eq!(judge(&access, PUBLIC, "127.0.0.1"), Ok(()));
}

/// SE-10: the broadcast address of an attached network, where the application says which.
#[test]
fn directed_broadcast_of_attached_networks() {
    let nets = ["10.1.0.0/23", "10.2.0.0/31", "10.3.0.1/32"].map(|net| net.parse().unwrap());
    let access = SafeDefault::new()
        .allow_private(true)
        .attached_networks(nets);
    let refused = Err(Refusal::DirectedBroadcast);
    assert_eq!(judge(&access, PUBLIC, "10.1.1.255"), refused);
    assert_eq!(judge(&access, LOCAL, "64:ff9b::10.1.1.255"), refused);
    for ip in ["10.1.0.255", "10.2.0.1", "10.3.0.1"] {
        assert_eq!(judge(&access, PUBLIC, ip), Ok(()), "{ip}");
    }
}

#[test]
fn reasons_read_well() {
    let shown = |destination| {
        let refusal = connect(&SafeDefault::new(), PUBLIC, destination).unwrap_err();
        refusal.to_string()
    };
    assert_eq!(shown("169.254.169.254:80"), "cloud metadata address");
    assert_eq!(shown("[64:ff9b::127.0.0.1]:80"), "loopback address");
    assert_eq!(shown("localhost:80"), "name of the proxy's machine");
}

proptest! {
    /// SE-5, SE-6, SE-7, SE-8, SE-10: whatever the standard library knows as special is special here.
    #[test]
    fn agrees_with_the_standard_library(v4: u32, v6: u128) {
        let (v4, v6) = (std::net::Ipv4Addr::from(v4), std::net::Ipv6Addr::from(v6));
        let special = v4.is_loopback() || v4.is_private() || v4.is_link_local()
            || v4.is_multicast() || v4.is_broadcast() || v4.is_documentation();
        prop_assert!(!special || Range::of(IpAddr::V4(v4)).is_some());
        let special = v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_multicast();
        prop_assert!(!special || Range::of(IpAddr::V6(v6)).is_some());
    }
}
