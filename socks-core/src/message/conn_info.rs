use core::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use alloc::sync::Arc;

use super::Extensions;
use crate::Escaped;

/// Number of a session, unique within the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which protocol the client's first octet chose (`R5-5`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// SOCKS4 and SOCKS4A.
    Socks4,
    /// SOCKS5.
    Socks5,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Socks4 => "socks4",
            Self::Socks5 => "socks5",
        })
    }
}

/// One end of the client's connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Endpoint {
    /// A TCP endpoint. IPv4-mapped addresses are held as IPv4 (`SE-9`).
    Socket(SocketAddr),
    /// A unix socket, with its path if it has one.
    Unix(Option<Arc<str>>),
    /// A stream without an address, such as an in-memory pipe.
    #[default]
    Unnamed,
}

impl Endpoint {
    /// The socket address, if this is one.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Socket(addr) => Some(*addr),
            _ => None,
        }
    }

    /// The IP address, if this is a TCP endpoint.
    pub fn ip(&self) -> Option<IpAddr> {
        self.socket_addr().map(|addr| addr.ip())
    }

    /// Whether only this machine reaches it: a loopback address or a unix socket. A stream without
    /// an address may come from anywhere.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Socket(addr) => addr.ip().is_loopback(),
            Self::Unix(_) => true,
            Self::Unnamed => false,
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(mut addr: SocketAddr) -> Self {
        addr.set_ip(addr.ip().to_canonical());
        Self::Socket(addr)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(addr) => addr.fmt(f),
            Self::Unix(Some(path)) => write!(f, "unix:{}", Escaped(path.as_bytes())),
            Self::Unix(None) => f.write_str("unix"),
            Self::Unnamed => f.write_str("unnamed"),
        }
    }
}

/// The client's connection: what is known before anything the client says is believed.
///
/// Made once a session and shared by every phase.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnInfo {
    /// Number of the session.
    pub id: SessionId,
    /// The client's end.
    pub peer: Endpoint,
    /// The server's end: the address that the client connected to.
    pub local: Endpoint,
    /// Whether `peer` and `local` are the ends of the very TCP connection that was accepted.
    /// `false` if something else supplied one of them, such as a PROXY header, or if nobody can
    /// tell (`ID-3`).
    pub direct: bool,
    /// The protocol that the client speaks.
    pub version: Version,
    /// The configured name of the listener, if it has one.
    pub listener: Option<Arc<str>>,
    /// What accept-level layers learned: a TLS peer, a PROXY header.
    pub extensions: Extensions,
}

impl ConnInfo {
    /// A connection between two endpoints, which are not known to be [`direct`](Self::direct).
    pub fn new(id: SessionId, version: Version, peer: Endpoint, local: Endpoint) -> Self {
        Self {
            id,
            peer,
            local,
            direct: false,
            version,
            listener: None,
            extensions: Extensions::new(),
        }
    }
}
