use core::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use crate::{Domain, Host, LengthError, NameError};

/// Where a request points to, or where a reply says it is bound (RFC 1928 §5).
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// ATYP 01 or 04 and a port.
    Socket(SocketAddr),
    /// ATYP 03 and a port.
    Domain(Domain, u16),
}

impl Address {
    /// `0.0.0.0:0`, the address of every failure reply (`R5-44`).
    pub const UNSPECIFIED: Self =
        Self::Socket(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0));

    /// A domain name and a port.
    ///
    /// # Errors
    ///
    /// If the name is empty or longer than 255 octets.
    pub fn domain(name: impl AsRef<[u8]>, port: u16) -> Result<Self, LengthError> {
        Domain::new(name.as_ref()).map(|domain| Self::Domain(domain, port))
    }

    /// The port, in host byte order.
    pub fn port(&self) -> u16 {
        match self {
            Self::Socket(addr) => addr.port(),
            Self::Domain(_, port) => *port,
        }
    }

    /// The form that rules, resolvers and connectors see: names by [`Domain::canonical`], and
    /// IPv4-mapped IPv6 addresses as IPv4 (`SE-9`, `UD-31`).
    ///
    /// # Errors
    ///
    /// If the name breaks the rules for host names.
    pub fn canonical(&self) -> Result<Self, NameError> {
        Ok(match self {
            Self::Socket(addr) => {
                Self::Socket(SocketAddr::new(addr.ip().to_canonical(), addr.port()))
            }
            Self::Domain(domain, port) => match domain.canonical()? {
                Host::Ip(ip) => Self::Socket(SocketAddr::new(ip, *port)),
                Host::Domain(domain) => Self::Domain(domain, *port),
            },
        })
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self::Socket(addr)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(addr) => addr.fmt(f),
            Self::Domain(domain, port) => write!(f, "{domain}:{port}"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
