use std::net::{IpAddr, SocketAddr};

use socks_core::message::ConnInfo;

/// Under which address peers reach a listener of this machine: the first reply's BND.ADDR
/// (`BI-9`), for servers behind address translation. The port stays what it is.
///
/// A closure will do, and so will an [`IpAddr`]: it stands for listeners of its own family, and
/// those of the other one keep their address.
pub trait Advertise: Send + Sync {
    /// The address that the client of `conn` is told for a listener at `listening`.
    fn advertised(&self, conn: &ConnInfo, listening: SocketAddr) -> IpAddr;
}

impl<F: Fn(&ConnInfo, SocketAddr) -> IpAddr + Send + Sync> Advertise for F {
    fn advertised(&self, conn: &ConnInfo, listening: SocketAddr) -> IpAddr {
        self(conn, listening)
    }
}

impl Advertise for IpAddr {
    fn advertised(&self, _: &ConnInfo, listening: SocketAddr) -> IpAddr {
        match self.is_ipv4() == listening.is_ipv4() {
            true => *self,
            false => listening.ip(),
        }
    }
}
