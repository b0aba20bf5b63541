use std::net::{IpAddr, SocketAddr};

use socks_core::message::Associate;

use super::{UdpRelayError, UdpRelayErrorKind, settings::Settings};

/// Where a client is, and where the relay is to be for it.
pub(super) struct Place {
    pub(super) client: IpAddr,
    pub(super) relay: SocketAddr,
}

impl Settings {
    pub(super) fn place(&self, associate: &Associate) -> Result<Place, UdpRelayError> {
        let conn = &associate.conn;
        let (client, mut relay) = match (conn.peer.ip(), conn.local.socket_addr(), self.unnamed) {
            (Some(client), Some(local), _) => (client, local),
            (_, _, Some(ip)) => {
                return Ok(Place {
                    client: ip,
                    relay: SocketAddr::new(ip, 0),
                });
            }
            _ => return Err(UdpRelayError::new(UdpRelayErrorKind::NoAddress)),
        };
        let bind = match relay {
            SocketAddr::V4(_) => self.bind_v4,
            SocketAddr::V6(_) => self.bind_v6,
        };
        if let Some(ip) = bind {
            relay.set_ip(ip);
        }
        Ok(Place { client, relay })
    }

    /// BND: concrete, whatever the socket is bound to (`UD-9`).
    pub(super) fn advertised(
        &self,
        associate: &Associate,
        mut bound: SocketAddr,
    ) -> Result<SocketAddr, UdpRelayError> {
        let conn = &associate.conn;
        if let (true, Some(local)) = (bound.ip().is_unspecified(), conn.local.ip()) {
            bound.set_ip(local);
        }
        if let Some(advertise) = &self.advertise {
            bound = advertise.advertise(conn, bound);
        }
        match bound.ip().is_unspecified() || bound.port() == 0 {
            true => Err(UdpRelayError::new(UdpRelayErrorKind::NotConcrete)),
            false => Ok(bound),
        }
    }
}
