use core::net::{Ipv4Addr, Ipv6Addr};

use alloc::sync::Arc;

/// From where connections to targets leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Egress {
    /// Source address towards IPv4 targets.
    pub ipv4: Option<Ipv4Addr>,
    /// Source address towards IPv6 targets.
    pub ipv6: Option<Ipv6Addr>,
    /// Network interface (`SO_BINDTODEVICE`). Linux only.
    pub interface: Option<Arc<str>>,
    /// Firewall mark (`SO_MARK`). Linux only; needs `CAP_NET_ADMIN`.
    pub mark: Option<u32>,
}

impl Egress {
    /// Whatever the system chooses.
    pub const fn new() -> Self {
        Self {
            ipv4: None,
            ipv6: None,
            interface: None,
            mark: None,
        }
    }

    /// What is set here, and for the rest what `default` says.
    #[must_use]
    pub fn or(&self, default: &Self) -> Self {
        Self {
            ipv4: self.ipv4.or(default.ipv4),
            ipv6: self.ipv6.or(default.ipv6),
            interface: self.interface.clone().or_else(|| default.interface.clone()),
            mark: self.mark.or(default.mark),
        }
    }
}
