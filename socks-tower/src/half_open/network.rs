use std::net::IpAddr;

use socks_core::message::Endpoint;

/// Who counts as one client (`SE-15`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Network {
    V4([u8; 4]),
    /// A /64.
    V6([u8; 8]),
}

impl Network {
    /// `None` for a client without an IP address.
    pub(super) fn of(client: &Endpoint) -> Option<Self> {
        Some(match client.ip()?.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip.octets()),
            IpAddr::V6(ip) => {
                let [a, b, c, d, e, f, g, h, ..] = ip.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        })
    }
}
