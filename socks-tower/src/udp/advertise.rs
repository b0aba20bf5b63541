use std::net::SocketAddr;

use socks_core::message::ConnInfo;

/// Says what address a client is told to send its datagrams to, where that is not the one the
/// relay is bound to: behind address translation (`UD-9`).
///
/// It gets the client's connection and the concrete address that would be told otherwise. A
/// closure will do.
pub trait AdvertiseRelay: Send + Sync {
    /// BND of the reply: an address the client can reach, of the family of its connection.
    fn advertise(&self, conn: &ConnInfo, bound: SocketAddr) -> SocketAddr;
}

impl<F: Fn(&ConnInfo, SocketAddr) -> SocketAddr + Send + Sync> AdvertiseRelay for F {
    fn advertise(&self, conn: &ConnInfo, bound: SocketAddr) -> SocketAddr {
        self(conn, bound)
    }
}
