use std::{
    error::Error,
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use ipnet::Ipv6Net;

/// A NAT64 prefix of the local network: 32, 40, 48, 56, 64 or 96 bits (RFC 6052 §2.2).
///
/// ```
/// use socks_acl::Nat64Prefix;
///
/// let prefix = Nat64Prefix::new("2001:db8:122::/48".parse()?)?;
/// let inside = prefix.embedded("2001:db8:122:c000:2:2100::".parse()?);
/// assert_eq!(inside, Some("192.0.2.33".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nat64Prefix(Ipv6Net);

impl Nat64Prefix {
    /// `64:ff9b::/96`, which every [`SafeDefault`](crate::SafeDefault) knows (RFC 6052 §2.1).
    pub const WELL_KNOWN: Self = Self(Ipv6Net::new_assert(
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0),
        96,
    ));

    /// The prefix `net`; bits beyond its length are dropped.
    ///
    /// # Errors
    ///
    /// If its length is not one of the six.
    pub fn new(net: Ipv6Net) -> Result<Self, PrefixLengthError> {
        match net.prefix_len() {
            32 | 40 | 48 | 56 | 64 | 96 => Ok(Self(net.trunc())),
            len => Err(PrefixLengthError(len)),
        }
    }

    /// The IPv4 address inside `ip`, if `ip` has this prefix.
    pub fn embedded(&self, ip: Ipv6Addr) -> Option<Ipv4Addr> {
        if !self.0.contains(&ip) {
            return None;
        }
        let bits = ip.to_bits();
        // The address follows the prefix, around octet 8, which is no part of it.
        let bits = match self.0.prefix_len() {
            96 => bits,
            len => {
                let without_octet_8 = (bits >> 64) << 56 | bits & ((1 << 56) - 1);
                without_octet_8 >> 120_u8.saturating_sub(len + 32)
            }
        };
        Some(Ipv4Addr::from_bits(bits as u32))
    }

    pub(crate) fn contains(&self, ip: Ipv6Addr) -> bool {
        self.0.contains(&ip)
    }
}

/// A NAT64 prefix has a length that RFC 6052 does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrefixLengthError(u8);

impl fmt::Display for PrefixLengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "NAT64 prefix of {} bits, not 32, 40, 48, 56, 64 or 96",
            self.0
        )
    }
}

impl Error for PrefixLengthError {}
