use std::net::IpAddr;

use socks_core::message::Endpoint;

/// Whose failures count together: an IPv4 address, or an IPv6 network of 64 bits, which one host
/// commands (`SE-33`).
///
/// Clients that have no address cannot be told apart, so those on unix sockets are one client, and
/// those on unnamed streams another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    Ipv4([u8; 4]),
    Ipv6(u64),
    Unix,
    Unnamed,
}

impl From<&Endpoint> for Client {
    fn from(peer: &Endpoint) -> Self {
        match peer.ip().map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => Self::Ipv4(ip.octets()),
            #[allow(clippy::cast_possible_truncation, reason = "64 bits are left")]
            Some(IpAddr::V6(ip)) => Self::Ipv6((ip.to_bits() >> 64) as u64),
            None if matches!(peer, Endpoint::Unix(_)) => Self::Unix,
            None => Self::Unnamed,
        }
    }
}
