use std::net::{IpAddr, SocketAddr};

/// What belongs to the proxy itself: connecting there makes a loop, or reaches what trusts the
/// proxy's machine (`SE-11`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Own {
    pub(crate) listeners: Vec<SocketAddr>,
    pub(crate) addresses: Vec<IpAddr>,
}

impl Own {
    /// Whether `ip` and `port` are a listener of the proxy: one of its addresses, or any loopback
    /// address, with the port of any listener. A listener on `0.0.0.0` has all of them.
    pub(crate) fn is_listener(&self, local: Option<SocketAddr>, ip: IpAddr, port: u16) -> bool {
        self.listeners(local).any(|own| own.port() == port)
            && (ip.is_loopback() || self.is_address(local, ip))
    }

    /// Whether `ip` is an address of the proxy's machine, as far as they are known.
    pub(crate) fn is_address(&self, local: Option<SocketAddr>, ip: IpAddr) -> bool {
        self.listeners(local)
            .map(|own| own.ip())
            .chain(self.addresses.iter().copied())
            .any(|own| own.to_canonical() == ip)
    }

    /// The configured listeners, and where the client connected to.
    fn listeners(&self, local: Option<SocketAddr>) -> impl Iterator<Item = SocketAddr> + '_ {
        self.listeners.iter().copied().chain(local)
    }
}
