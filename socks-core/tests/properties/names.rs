use proptest::prelude::*;
use socks_core::{Domain, Host};

use crate::strategy;

/// Octets that names are made of, literals, and any other octets.
fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[A-Za-z0-9._-]{1,80}".prop_map(String::into_bytes),
        "[0-9a-fxA-F:.\\[\\]]{1,40}".prop_map(String::into_bytes),
        any::<std::net::IpAddr>().prop_map(|ip| ip.to_string().into_bytes()),
        any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[{ip}]").into_bytes()),
        proptest::collection::vec(any::<u8>(), 1..=255),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// R5-36, R5-37, SE-9: there is one canonical form, and it is a fixed point.
    #[test]
    fn canonical_is_idempotent(octets in name()) {
        match Domain::new(&octets).unwrap().canonical() {
            Ok(Host::Domain(domain)) => {
                prop_assert_eq!(domain.canonical(), Ok(Host::Domain(domain.clone())));
            }
            Ok(Host::Ip(ip)) => prop_assert_eq!(ip.to_canonical(), ip),
            Err(_) => {}
        }
    }

    /// R5-34, R5-35, SE-39: nothing gets through that could mean something in another protocol.
    #[test]
    fn canonical_names_are_plain(octets in name()) {
        if let Ok(Host::Domain(domain)) = Domain::new(&octets).unwrap().canonical() {
            let plain =
                |octet: &u8| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
            prop_assert!(domain.as_bytes().iter().all(plain));
            prop_assert!(domain.as_bytes().len() <= 253);
            prop_assert!(domain.as_str().unwrap().parse::<std::net::IpAddr>().is_err());
        }
    }

    /// SE-9, UD-31: the same for whole addresses; the port stays.
    #[test]
    fn canonical_addresses(address in strategy::address()) {
        if let Ok(canonical) = address.canonical() {
            prop_assert_eq!(canonical.canonical(), Ok(canonical.clone()));
            prop_assert_eq!(canonical.port(), address.port());
        }
    }
}
