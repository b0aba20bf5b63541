use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

use super::{EntryError, entry_error::Expected};
use crate::policy::canonical;

/// A network as an entry of a file or a list says it: `192.0.2.0/24`, `2001:db8::/32`, or a single
/// address. One of IPv4-mapped addresses, `::ffff:192.0.2.0/120`, is the IPv4 network that it
/// stands for (`SE-9`).
///
/// ```
/// use socks_acl::Network;
///
/// let network: Network = "192.0.2.0/24".parse()?;
/// assert!(network.contains("::ffff:192.0.2.7".parse()?));
/// let mistake = "192.0.2.1/24".parse::<Network>().unwrap_err();
/// assert_eq!(
///     mistake.to_string(),
///     "expected a network without host bits, such as 192.0.2.0/24, found \"192.0.2.1/24\""
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

impl Network {
    /// Whether `ip`, in whichever form, is one of the addresses.
    pub fn contains(self, ip: IpAddr) -> bool {
        self.0.contains(&ip.to_canonical())
    }

    /// The network, with IPv4-mapped ones as IPv4.
    pub const fn get(self) -> IpNet {
        self.0
    }
}

impl FromStr for Network {
    type Err = EntryError;

    /// # Errors
    ///
    /// If `text` is neither a network nor an address, or bits behind the prefix are set: whoever
    /// writes `192.0.2.1/24` may mean the host, or the network, or another length.
    fn from_str(text: &str) -> Result<Self, EntryError> {
        let unexpected = || EntryError::new(text, Expected::Network);
        let network = match text.contains('/') {
            true => text.parse().map_err(|_| unexpected())?,
            false => IpNet::from(text.parse::<IpAddr>().map_err(|_| unexpected())?),
        };
        match network.trunc() == network {
            true => Ok(Self(canonical(network))),
            false => Err(EntryError::new(text, Expected::Prefix(network.trunc()))),
        }
    }
}

impl From<IpNet> for Network {
    /// Drops bits behind the prefix.
    fn from(network: IpNet) -> Self {
        Self(canonical(network.trunc()))
    }
}

impl From<IpAddr> for Network {
    fn from(ip: IpAddr) -> Self {
        Self(ip.to_canonical().into())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
