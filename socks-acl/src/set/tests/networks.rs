use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proptest::{collection::vec, prelude::*};

use crate::{Network, NetworkSet};

fn set(networks: &[&str]) -> NetworkSet {
    let networks = networks.iter().map(|text| text.parse::<Network>().unwrap());
    networks.collect()
}

/// Networks that often overlap or touch: few of their bits differ.
fn network() -> impl Strategy<Value = IpNet> {
    let ipv4 = (0_u32..1024, 20_u8..=32).prop_map(|(low, len)| {
        let ip = Ipv4Addr::from_bits(0x0a00_0000 | low << 2);
        Ipv4Net::new(ip, len).unwrap().into()
    });
    let ipv6 = (0_u128..1024, 112_u8..=128).prop_map(|(low, len)| {
        let ip = Ipv6Addr::from_bits(0x2001_0db8 << 96 | low << 2);
        Ipv6Net::new(ip, len).unwrap().into()
    });
    let ends = [
        "0.0.0.0/0",
        "0.0.0.0/32",
        "255.255.255.255/32",
        "::/0",
        "ffff::/16",
    ];
    let ends = prop::sample::select(ends.to_vec()).prop_map(|text| text.parse().unwrap());
    prop_oneof![8 => ipv4, 8 => ipv6, 1 => ends]
}

/// The network's ends and their neighbours, where a mistake would be.
fn probes(network: &IpNet) -> Vec<IpAddr> {
    match network {
        IpNet::V4(net) => {
            let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
            let bits = [first.wrapping_sub(1), first, last, last.wrapping_add(1)];
            bits.map(|bits| Ipv4Addr::from_bits(bits).into()).into()
        }
        IpNet::V6(net) => {
            let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
            let bits = [first.wrapping_sub(1), first, last, last.wrapping_add(1)];
            bits.map(|bits| Ipv6Addr::from_bits(bits).into()).into()
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_a_list(networks in vec(network(), 0..40)) {
        let set: NetworkSet = networks.iter().copied().collect();
        for ip in networks.iter().flat_map(probes) {
            let naive = networks.iter().any(|network| network.contains(&ip.to_canonical()));
            prop_assert_eq!(set.contains(ip), naive, "{}", ip);
            if let IpAddr::V4(ip) = ip {
                prop_assert_eq!(set.contains(ip.to_ipv6_mapped().into()), naive, "{}", ip);
            }
        }
        prop_assert!(set.len() <= networks.len());
    }

    /// What is shown of a network reads as the same one.
    #[test]
    fn shown_as_read(network in network()) {
        let network = Network::from(network);
        prop_assert_eq!(network.to_string().parse::<Network>().unwrap(), network);
    }
}

/// SE-9: mapped networks and addresses are IPv4.
#[test]
fn mapped_is_ipv4() {
    let set = set(&["::ffff:192.0.2.0/120", "::ffff:198.51.100.7"]);
    for (ip, expected) in [
        ("192.0.2.255", true),
        ("::ffff:192.0.2.0", true),
        ("198.51.100.7", true),
        ("192.0.3.0", false),
        ("::192.0.2.1", false),
    ] {
        assert_eq!(set.contains(ip.parse().unwrap()), expected, "{ip}");
    }
    let all_ipv6 = self::set(&["::/0"]);
    assert!(!all_ipv6.contains("::ffff:192.0.2.1".parse().unwrap()));
    assert!(all_ipv6.contains("::1".parse().unwrap()));
    let all_ipv4 = self::set(&["::ffff:0:0/96"]);
    assert!(all_ipv4.contains("255.255.255.255".parse().unwrap()));
}

#[test]
fn what_touches_is_one_range() {
    let joined = set(&["10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "11.0.0.0/8"]);
    assert_eq!((joined.len(), joined.memory()), (1, 8));
    let all = set(&["0.0.0.0/0", "255.255.255.255", "10.0.0.0/8"]);
    assert_eq!((all.len(), all.is_empty()), (1, false));
    assert_eq!(set(&["2001:db8::/33", "2001:db8:8000::/33"]).memory(), 32);
    assert!(NetworkSet::default().is_empty());
}

#[test]
fn mistakes_say_what_was_expected() {
    let kind = "expected an address or a network such as 192.0.2.0/24, found ";
    for text in [
        "",
        "192.0.2",
        "192.0.2.0/33",
        "192.0.2.0/",
        "/24",
        "192.0.2.0/24/8",
        "192.0.2.0/ 24",
        "example.com",
        "[::1]",
        "fe80::1%eth0",
        "192.0.2.0-192.0.2.9",
        "192.0.2.0/255.255.255.0",
    ] {
        let error = text.parse::<Network>().unwrap_err().to_string();
        assert_eq!(error, format!("{kind}\"{text}\""));
    }
    let host_bits = "2001:db8::1/32".parse::<Network>().unwrap_err().to_string();
    assert_eq!(
        host_bits,
        "expected a network without host bits, such as 2001:db8::/32, found \"2001:db8::1/32\""
    );
    let hostile = "\u{1b}[31m\n".parse::<Network>().unwrap_err().to_string();
    assert_eq!(hostile, format!("{kind}\"\\x1b[31m\\n\""));
}

#[test]
fn debug_is_short() {
    let many = (0..10_000).map(|n| Network::from(IpAddr::from(Ipv4Addr::from_bits(n * 2))));
    let many: NetworkSet = many.collect();
    assert_eq!(format!("{many:?}"), "NetworkSet { ipv4: 10000, ipv6: 0 }");
}
