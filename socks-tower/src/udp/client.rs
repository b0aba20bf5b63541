use std::net::{IpAddr, SocketAddr};

use socks_core::Address;

use super::ClientPin;

/// Whose association it is (`UD-5`, `UD-6`, `UD-16`).
#[derive(Debug)]
pub(super) struct Client {
    ip: IpAddr,
    /// The only port that datagrams may come from.
    expected: Option<u16>,
    pin: ClientPin,
    /// Where replies go.
    reached_at: Option<SocketAddr>,
}

impl Client {
    /// `declared` is the address of the request, which is not trusted: what matters is its port,
    /// and whether its address is the one that the control connection comes from.
    pub(super) fn new(ip: IpAddr, declared: &Address, pin: ClientPin) -> Self {
        let ip = ip.to_canonical();
        let port = Some(declared.port()).filter(|port| *port != 0);
        let itself = matches!(declared, Address::Socket(addr) if addr.ip().to_canonical() == ip);
        let expected = match pin {
            ClientPin::FirstValid => port.filter(|_| itself),
            ClientPin::Declared => port,
            ClientPin::AnyPort => None,
        };
        Self {
            ip,
            expected,
            pin,
            reached_at: None,
        }
    }

    pub(super) fn is_ipv4(&self) -> bool {
        self.ip.is_ipv4()
    }

    pub(super) fn is(&self, source: SocketAddr) -> bool {
        source.ip().to_canonical() == self.ip
            && self.expected.is_none_or(|port| port == source.port())
    }

    /// A valid datagram came from `source`, which [`is`](Self::is) the client. True if that was
    /// the first and now nobody else is.
    pub(super) fn heard_from(&mut self, source: SocketAddr) -> bool {
        let first = self.reached_at.is_none();
        if first || self.pin == ClientPin::AnyPort {
            self.reached_at = Some(source);
        }
        if self.pin == ClientPin::AnyPort {
            return false;
        }
        self.expected = Some(source.port());
        first
    }

    pub(super) fn reached_at(&self) -> Option<SocketAddr> {
        self.reached_at
    }
}
