use std::sync::Arc;

use ipnet::IpNet;
use socks_core::message::Endpoint;

/// Networks of clients. An IPv4-mapped network is the IPv4 network that it stands for, as clients are
/// (`SE-9`). Clones share the list.
///
/// ```
/// use socks_auth::Networks;
/// use socks_core::message::Endpoint;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let office = Networks::from_iter(["::ffff:192.0.2.0/120".parse()?]);
/// let client: std::net::SocketAddr = "192.0.2.7:50000".parse()?;
/// assert!(office.contains(&client.into()));
/// assert!(!office.contains(&Endpoint::Unix(None)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Networks(Arc<Vec<IpNet>>);

impl Networks {
    /// Whether the client is of one of them. One without an IP address, such as on a unix socket,
    /// is of none.
    pub fn contains(&self, client: &Endpoint) -> bool {
        let ip = client.ip().map(|ip| ip.to_canonical());
        ip.is_some_and(|ip| self.0.iter().any(|network| network.contains(&ip)))
    }

    /// Whether there is none, so that nobody is of them.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<I: IntoIterator<Item = IpNet>>(networks: I) -> Self {
        Self(Arc::new(networks.into_iter().map(canonical).collect()))
    }
}

impl Extend<IpNet> for Networks {
    fn extend<I: IntoIterator<Item = IpNet>>(&mut self, networks: I) {
        Arc::make_mut(&mut self.0).extend(networks.into_iter().map(canonical));
    }
}

fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else {
        return network;
    };
    let prefix = mapped.prefix_len().checked_sub(96);
    let ipv4 = prefix.zip(mapped.addr().to_ipv4_mapped());
    let ipv4 = ipv4.and_then(|(prefix, ip)| IpNet::new(ip.into(), prefix).ok());
    ipv4.unwrap_or(network)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    /// SE-9: required of a network, whichever way that is written.
    #[test]
    fn mapped_networks() {
        for network in ["192.0.2.0/24", "::ffff:192.0.2.0/120"] {
            let networks = Networks::from_iter([network.parse().unwrap()]);
            for (client, expected) in [
                ("192.0.2.7:1", true),
                ("[::ffff:192.0.2.7]:1", true),
                ("192.0.3.7:1", false),
                ("[2001:db8::7]:1", false),
            ] {
                let client = Endpoint::from(client.parse::<SocketAddr>().unwrap());
                assert_eq!(networks.contains(&client), expected, "{network} {client}");
            }
        }
        let unchanged = "::/0".parse().unwrap();
        assert_eq!(canonical(unchanged), unchanged);
    }
}
