use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Ranges that are no ordinary public destination, by the IANA special-purpose address registries
/// (RFC 6890, RFC 8190), the multicast registries and what clouds serve metadata on.
///
/// It tells what an address is by its own bits. IPv4-mapped addresses count as IPv4; other forms
/// that carry an IPv4 address inside are [`SafeDefault`](crate::SafeDefault)'s business.
///
/// ```
/// use socks_acl::SpecialPurpose;
///
/// let range = SpecialPurpose::of("169.254.169.254".parse()?);
/// assert_eq!(range, Some(SpecialPurpose::Metadata));
/// assert_eq!(SpecialPurpose::of("8.8.8.8".parse()?), None);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpecialPurpose {
    /// `0.0.0.0/8` (RFC 791 §3.2) and `::` (RFC 4291 §2.5.2), which common systems take for
    /// themselves (`SE-6`).
    ThisNetwork,
    /// `127.0.0.0/8` (RFC 1122 §3.2.1.3) and `::1` (RFC 4291 §2.5.3; `SE-5`).
    Loopback,
    /// `169.254.0.0/16` (RFC 3927) and `fe80::/10` (RFC 4291 §2.5.6; `SE-7`).
    LinkLocal,
    /// Where clouds hand credentials to their machines: `169.254.169.254` (most), `fd00:ec2::254`
    /// (AWS), `100.100.100.200` (Alibaba), `168.63.129.16` (Azure; a public address; `SE-7`).
    Metadata,
    /// `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16` (RFC 1918; `SE-8`).
    Private,
    /// `100.64.0.0/10`, between a provider and its customers (RFC 6598; `SE-8`).
    Shared,
    /// `fc00::/7` (RFC 4193; `SE-8`).
    UniqueLocal,
    /// `fec0::/10`, deprecated (RFC 3879; `SE-8`).
    SiteLocal,
    /// `192.0.0.0/24` (RFC 6890), `192.88.99.0/24` (RFC 7526), and `2001::/23` (RFC 2928) but for
    /// Teredo (`SE-8`).
    ProtocolAssignment,
    /// `192.0.2.0/24`, `198.51.100.0/24`, `203.0.113.0/24` (RFC 5737), `2001:db8::/32`
    /// (RFC 3849), `3fff::/20` (RFC 9637; `SE-8`).
    Documentation,
    /// `198.18.0.0/15` (RFC 2544) and `2001:2::/48` (RFC 5180; `SE-8`).
    Benchmarking,
    /// `64:ff9b:1::/48`, NAT64 of the local network (RFC 8215): the IPv4 address inside cannot be
    /// read without knowing the prefix (`SE-9`).
    LocalTranslation,
    /// `224.0.0.0/4` (RFC 5771) and `ff00::/8` (RFC 4291 §2.7; `SE-10`).
    Multicast,
    /// `255.255.255.255` (RFC 919; `SE-10`).
    Broadcast,
    /// `240.0.0.0/4` (RFC 1112 §4), and IPv6 outside `2000::/3` that is none of the above nor
    /// NAT64: IANA has given out nothing there that is reached globally (RFC 4291 §4; `SE-10`).
    Reserved,
}

impl SpecialPurpose {
    /// All ranges.
    pub const ALL: [Self; 15] = [
        Self::ThisNetwork,
        Self::Loopback,
        Self::LinkLocal,
        Self::Metadata,
        Self::Private,
        Self::Shared,
        Self::UniqueLocal,
        Self::SiteLocal,
        Self::ProtocolAssignment,
        Self::Documentation,
        Self::Benchmarking,
        Self::LocalTranslation,
        Self::Multicast,
        Self::Broadcast,
        Self::Reserved,
    ];

    /// The range that `ip` belongs to; `None` for an ordinary address.
    pub const fn of(ip: IpAddr) -> Option<Self> {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::of_ipv4(ip),
            IpAddr::V6(ip) => Self::of_ipv6(ip),
        }
    }

    const fn of_ipv4(ip: Ipv4Addr) -> Option<Self> {
        Some(match ip.octets() {
            [0, ..] => Self::ThisNetwork,
            [127, ..] => Self::Loopback,
            [169, 254, 169, 254] | [100, 100, 100, 200] | [168, 63, 129, 16] | [192, 0, 0, 192] => {
                Self::Metadata
            }
            [169, 254, ..] => Self::LinkLocal,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Self::Private,
            [100, 64..=127, ..] => Self::Shared,
            [192, 0, 0, _] | [192, 88, 99, _] => Self::ProtocolAssignment,
            [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Self::Documentation,
            [198, 18..=19, ..] => Self::Benchmarking,
            [224..=239, ..] => Self::Multicast,
            [255, 255, 255, 255] => Self::Broadcast,
            [240..=255, ..] => Self::Reserved,
            _ => return None,
        })
    }

    const fn of_ipv6(ip: Ipv6Addr) -> Option<Self> {
        Some(match ip.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] => Self::ThisNetwork,
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254 | 0x0023]
            | [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254] => Self::Metadata,
            [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            [0xfec0..=0xfeff, ..] => Self::SiteLocal,
            [0xfc00..=0xfdff, ..] => Self::UniqueLocal,
            [0xff00..=0xffff, ..] => Self::Multicast,
            [0x0064, 0xff9b, 0, 0, 0, 0, _, _] => return None,
            [0x0064, 0xff9b, 1, ..] => Self::LocalTranslation,
            [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Self::Documentation,
            [0x2001, 2, 0, ..] => Self::Benchmarking,
            [0x2001, 1..=0x01ff, ..] => Self::ProtocolAssignment,
            [0x2000..=0x3fff, ..] => return None,
            _ => Self::Reserved,
        })
    }

    /// What has to be allowed for an address of this range to be reached.
    pub(crate) const fn reach(self) -> Reach {
        match self {
            Self::Loopback | Self::LinkLocal | Self::Metadata => Reach::Host,
            Self::Private
            | Self::Shared
            | Self::UniqueLocal
            | Self::SiteLocal
            | Self::ProtocolAssignment
            | Self::Documentation
            | Self::Benchmarking => Reach::Network,
            // Still open to a listed network: its prefix is only known where it is used.
            Self::LocalTranslation => Reach::Listed,
            Self::ThisNetwork | Self::Multicast | Self::Broadcast | Self::Reserved => Reach::Never,
        }
    }

    /// The name in rule files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::ThisNetwork => "this-network",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Metadata => "cloud-metadata",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::UniqueLocal => "unique-local",
            Self::SiteLocal => "site-local",
            Self::ProtocolAssignment => "protocol-assignment",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::LocalTranslation => "local-nat64",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Reserved => "reserved",
        }
    }

    /// The registries' name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ThisNetwork => "this network",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Metadata => "cloud metadata",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::UniqueLocal => "unique local",
            Self::SiteLocal => "site-local",
            Self::ProtocolAssignment => "protocol assignment",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::LocalTranslation => "local NAT64",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for SpecialPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a setting must go to open a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The network around the proxy.
    Network,
    /// The proxy's own machine and link, and what trusts it for standing there.
    Host,
    /// Opened by a listed network only.
    Listed,
    /// Not a destination under any setting.
    Never,
}
