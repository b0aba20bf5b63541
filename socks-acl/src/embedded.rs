use std::net::{Ipv4Addr, Ipv6Addr};

use crate::Nat64Prefix;

/// The IPv4 addresses that `ip` carries inside and that a packet to it may end up at: NAT64, 6to4
/// (RFC 3056 §2), Teredo (RFC 4380 §4), ISATAP (RFC 5214 §6.1), IPv4-mapped and IPv4-compatible
/// (RFC 4291 §2.5.5; `SE-9`).
///
/// `::` and `::1` carry none; they are addresses of their own (RFC 4291 §2.5.5.1).
pub(crate) fn embedded(
    ip: Ipv6Addr,
    prefixes: &[Nat64Prefix],
) -> impl Iterator<Item = Ipv4Addr> + '_ {
    let bits = ip.to_bits();
    let at = |end: u32| Ipv4Addr::from_bits((bits >> (128 - end)) as u32);
    let [first, second, ..] = ip.segments();
    let mapped_or_compatible = match bits >> 32 {
        0 => bits > 1,
        high => high == 0xffff,
    };
    let six_to_four = first == 0x2002;
    let teredo = first == 0x2001 && second == 0;
    // The interface identifier starts with 00-00-5E-FE; two bits tell its scope.
    let isatap = (bits >> 32) as u32 & 0xfcff_ffff == 0x0000_5efe;
    [
        mapped_or_compatible.then(|| at(128)),
        six_to_four.then(|| at(48)),
        // The server, and the client's own address, which stands there inverted.
        teredo.then(|| at(64)),
        teredo.then(|| Ipv4Addr::from_bits(!at(128).to_bits())),
        isatap.then(|| at(128)),
        Nat64Prefix::WELL_KNOWN.embedded(ip),
    ]
    .into_iter()
    .flatten()
    .chain(
        prefixes
            .iter()
            .filter_map(move |prefix| prefix.embedded(ip)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ip: &str) -> Vec<String> {
        let prefixes = [Nat64Prefix::new("2001:db8:122:344::/64".parse().unwrap()).unwrap()];
        let found = embedded(ip.parse().unwrap(), &prefixes);
        found.map(|ip| ip.to_string()).collect()
    }

    /// SE-9: each form, and where the address stands in it.
    #[test]
    fn each_form_is_read() {
        assert_eq!(of("::ffff:192.0.2.33"), ["192.0.2.33"]);
        assert_eq!(of("::192.0.2.33"), ["192.0.2.33"]);
        assert_eq!(of("64:ff9b::192.0.2.33"), ["192.0.2.33"]);
        assert_eq!(of("2002:c000:221:1::1"), ["192.0.2.33"]);
        assert_eq!(of("2001:db8:122:344:c0:2:2100::"), ["192.0.2.33"]);
        assert_eq!(of("2a00::5efe:192.0.2.33"), ["192.0.2.33"]);
        assert_eq!(of("2a00::200:5efe:192.0.2.33"), ["192.0.2.33"]);
        // RFC 4380's own shape: server, flags, port, inverted client.
        assert_eq!(
            of("2001:0:4136:e378:8000:63bf:3fff:fdd2"),
            ["65.54.227.120", "192.0.2.45"]
        );
    }

    #[test]
    fn ordinary_addresses_carry_none() {
        for ip in ["::", "::1", "2606:4700::1111", "fe80::1", "64:ff9b:1::1"] {
            assert!(of(ip).is_empty(), "{ip}");
        }
    }

    /// SE-9: the six prefix lengths, with the examples of RFC 6052 §2.4.
    #[test]
    fn nat64_prefixes_of_every_length() {
        for (prefix, ip) in [
            ("2001:db8::/32", "2001:db8:c000:221::"),
            ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
            ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
            ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
            ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
            ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
        ] {
            let prefix = Nat64Prefix::new(prefix.parse().unwrap()).unwrap();
            let inside = prefix.embedded(ip.parse().unwrap());
            assert_eq!(inside, Some(Ipv4Addr::new(192, 0, 2, 33)), "{ip}");
        }
        for prefix in ["::/0", "2001:db8::/33", "2001:db8::/95", "2001:db8::1/128"] {
            assert!(Nat64Prefix::new(prefix.parse().unwrap()).is_err());
        }
    }
}
