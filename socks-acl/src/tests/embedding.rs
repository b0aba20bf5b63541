use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::prelude::*;

use super::{LOCAL, PUBLIC, endpoint, judge, nets};
use crate::{Nat64Prefix, Refusal, SafeDefault, SpecialPurpose};

/// A form that carries an IPv4 address: where its lowest bit stands, counted from the lowest of
/// the whole, the form's own bits and which bits those are, and whether it is inverted.
const FORMS: [(&str, u32, u128, u128, bool); 9] = [
    ("mapped", 0, 0xffff << 32, !0 << 32, false),
    ("compatible", 0, 0, !0 << 32, false),
    ("nat64", 0, 0x64_ff9b << 96, !0 << 32, false),
    ("6to4", 80, 0x2002 << 112, 0xffff << 112, false),
    ("teredo server", 64, 0x2001 << 112, 0xffff_ffff << 96, false),
    ("teredo client", 0, 0x2001 << 112, 0xffff_ffff << 96, true),
    (
        "isatap",
        0,
        0x2a00 << 112 | 0x5efe << 32,
        0xffff << 112 | 0xfcff_ffff << 32,
        false,
    ),
    ("configured /96", 0, 0x2a01_0122 << 96, !0 << 32, false),
    (
        "configured /32",
        64,
        0x2a01_0123 << 96,
        0xffff_ffff << 96,
        false,
    ),
];

fn prefixes() -> [Nat64Prefix; 2] {
    ["2a01:122::/96", "2a01:123::/32"].map(|net| Nat64Prefix::new(net.parse().unwrap()).unwrap())
}

/// The address of `form` that carries `inside`, with `noise` wherever the form says nothing.
fn carry(form: usize, inside: Ipv4Addr, noise: u128) -> Ipv6Addr {
    let (_, shift, bits, mask, inverted) = FORMS[form];
    let inside = match inverted {
        true => !inside.to_bits(),
        false => inside.to_bits(),
    };
    let place = u128::from(u32::MAX) << shift;
    let inside = u128::from(inside) << shift;
    Ipv6Addr::from_bits(noise & !mask & !place | bits & mask | inside)
}

fn special_ipv4() -> impl Strategy<Value = Ipv4Addr> {
    let start = prop::sample::select(vec![
        [127, 0, 0, 1],
        [0, 0, 0, 2],
        [10, 0, 0, 0],
        [169, 254, 0, 0],
        [172, 16, 0, 0],
        [192, 168, 0, 0],
        [100, 64, 0, 0],
        [198, 18, 0, 0],
        [224, 0, 0, 0],
        [240, 0, 0, 0],
    ]);
    (start, any::<u16>()).prop_map(|(start, low)| {
        Ipv4Addr::from_bits(Ipv4Addr::from(start).to_bits() | u32::from(low))
    })
}

proptest! {
    /// SE-9: an IPv6 address that carries a refused IPv4 address is refused, whatever else it
    /// holds and even if its own range is opened.
    #[test]
    fn a_refused_address_inside_is_refused(
        inside in special_ipv4(),
        form in 0..FORMS.len(),
        noise: u128,
    ) {
        prop_assert!(SpecialPurpose::of(inside.into()).is_some());
        let outer = SocketAddr::new(carry(form, inside, noise).into(), 80);
        let access = SafeDefault::new().nat64(prefixes());
        prop_assert!(access.check_address(&endpoint(PUBLIC), outer).is_err(), "{outer}");
        let access = access.allow(nets(["::/0"]));
        prop_assert!(access.check_address(&endpoint(PUBLIC), outer).is_err(), "{outer}");
    }

    /// SE-9: no setting opens by embedding what is closed for good.
    #[test]
    fn what_stays_closed_stays_closed_inside(form in 0..FORMS.len(), noise: u128, low: u32) {
        let inside = Ipv4Addr::from_bits(0xe000_0000 | low);
        let outer = SocketAddr::new(carry(form, inside, noise).into(), 80);
        let access = SafeDefault::new().nat64(prefixes()).allow(nets(["0.0.0.0/0", "::/0"]));
        prop_assert!(access.check_address(&endpoint(LOCAL), outer).is_err(), "{outer}");
    }
}

/// SE-9: the reason names the range of the address inside.
#[test]
fn a_public_address_inside_passes() {
    let access = SafeDefault::new().nat64(prefixes());
    for (form, (name, ..)) in FORMS.iter().enumerate() {
        let public = carry(form, Ipv4Addr::new(8, 8, 8, 8), 0x0808_0808 << 64);
        let loopback = carry(form, Ipv4Addr::LOCALHOST, 0x0808_0808 << 64);
        let judge = |ip: Ipv6Addr| judge(&access, PUBLIC, &ip.to_string());
        let expected = match *name {
            // Deprecated, and nothing is routed there.
            "compatible" => Err(Refusal::SpecialPurpose(SpecialPurpose::Reserved)),
            // The client's address would be 255.255.255.255.
            "teredo server" => Err(Refusal::SpecialPurpose(SpecialPurpose::Broadcast)),
            _ => Ok(()),
        };
        assert_eq!(judge(public), expected, "{name}");
        if expected.is_ok() {
            let reason = Refusal::SpecialPurpose(SpecialPurpose::Loopback);
            assert_eq!(judge(loopback), Err(reason), "{name}");
        }
    }
}

/// SE-9: a prefix of the local network says where the address stands, so its own range no longer
/// counts.
#[test]
fn a_configured_prefix_replaces_its_range() {
    let prefix = Nat64Prefix::new("64:ff9b:1::/96".parse().unwrap()).unwrap();
    let access = SafeDefault::new().nat64([prefix]);
    assert_eq!(judge(&access, PUBLIC, "64:ff9b:1::8.8.8.8"), Ok(()));
    for ip in ["64:ff9b:1::10.0.0.1", "64:ff9b:1:1::8.8.8.8"] {
        assert!(judge(&access, PUBLIC, ip).is_err(), "{ip}");
        assert!(judge(&SafeDefault::new(), PUBLIC, ip).is_err(), "{ip}");
    }
    let ip: IpAddr = "64:ff9b:1::8.8.8.8".parse().unwrap();
    assert_eq!(
        SpecialPurpose::of(ip),
        Some(SpecialPurpose::LocalTranslation)
    );
}
