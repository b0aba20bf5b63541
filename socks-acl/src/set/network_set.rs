use std::{fmt, net::IpAddr};

use ipnet::IpNet;

use super::{Network, ranges::Ranges};

/// Addresses of any number of networks, IPv4 and IPv6.
///
/// Networks that overlap or touch are one range. A lookup is a binary search; an IPv4 range takes
/// 8 octets and an IPv6 range 32. IPv4-mapped addresses and networks are IPv4 (`SE-9`), and `::/0` is
/// all of IPv6 and nothing of IPv4.
///
/// ```
/// use socks_acl::{Network, NetworkSet};
///
/// let networks = ["10.0.0.0/9", "10.128.0.0/9", "2001:db8::1"].map(str::parse::<Network>);
/// let set = networks.into_iter().collect::<Result<NetworkSet, _>>()?;
/// assert!(set.contains("10.1.2.3".parse()?));
/// assert!(!set.contains("2001:db8::2".parse()?));
/// assert_eq!(format!("{set:?}"), "NetworkSet { ipv4: 1, ipv6: 1 }");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NetworkSet {
    ipv4: Ranges<u32>,
    ipv6: Ranges<u128>,
}

impl NetworkSet {
    /// Whether `ip` is in one of the networks.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match ip.to_canonical() {
            IpAddr::V4(ip) => self.ipv4.contains(ip.to_bits()),
            IpAddr::V6(ip) => self.ipv6.contains(ip.to_bits()),
        }
    }

    /// Disjoint ranges that the networks come to; not more than there were networks.
    pub fn len(&self) -> usize {
        self.ipv4.len() + self.ipv6.len()
    }

    /// Whether it has no address.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Octets on the heap.
    pub fn memory(&self) -> usize {
        self.ipv4.memory() + self.ipv6.memory()
    }
}

impl FromIterator<Network> for NetworkSet {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
        for network in networks {
            match network.get() {
                IpNet::V4(net) => ipv4.push((net.network().to_bits(), net.broadcast().to_bits())),
                IpNet::V6(net) => ipv6.push((net.network().to_bits(), net.broadcast().to_bits())),
            }
        }
        Self {
            ipv4: Ranges::new(ipv4),
            ipv6: Ranges::new(ipv6),
        }
    }
}

impl FromIterator<IpNet> for NetworkSet {
    /// Bits behind a prefix are dropped.
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        networks.into_iter().map(Network::from).collect()
    }
}

impl fmt::Debug for NetworkSet {
    /// How many ranges, not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkSet")
            .field("ipv4", &self.ipv4.len())
            .field("ipv6", &self.ipv6.len())
            .finish()
    }
}
