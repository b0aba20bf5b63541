use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use socket2::{Domain, SockRef, Socket, Type};
use socks_core::message::{Bind, Egress};

use super::{BindError, BindErrorKind};
use crate::connect::set_route;

/// Any port but 0 will do: nothing is sent there.
const DISCARD: u16 = 9;

/// The address to listen on for `peer`, with port 0: one at which that peer can connect, and never
/// the client's own words (`BI-9`) nor a wildcard (`SE-56`).
///
/// Zeros for `peer` stand for any peer of that family. Nothing tells from where it will come, so
/// without an address in `egress` it is awaited where the client itself connected.
pub(super) fn place(peer: IpAddr, bind: &Bind, egress: &Egress) -> Result<SocketAddr, BindError> {
    let configured = match peer {
        IpAddr::V4(_) => egress.ipv4.map(IpAddr::V4),
        IpAddr::V6(_) => egress.ipv6.map(IpAddr::V6),
    };
    let place = match configured.filter(|ip| !ip.is_unspecified()) {
        Some(ip) => Some(SocketAddr::new(ip, 0)),
        None if peer.is_unspecified() => bind.conn.local.socket_addr(),
        None => Some(
            source_towards(peer, egress)
                .map_err(|error| BindError::with_source(BindErrorKind::NoAddress, error))?,
        ),
    };
    let usable =
        |place: &SocketAddr| place.is_ipv4() == peer.is_ipv4() && !place.ip().is_unspecified();
    let mut place = place
        .filter(usable)
        .ok_or(BindError::new(BindErrorKind::NoAddress))?;
    place.set_port(0);
    Ok(place)
}

/// The address with which the system would reach `peer`. Connecting a UDP socket looks the route
/// up and sends nothing.
fn source_towards(peer: IpAddr, egress: &Egress) -> io::Result<SocketAddr> {
    let (domain, unspecified) = match peer {
        IpAddr::V4(_) => (Domain::IPV4, IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        IpAddr::V6(_) => (Domain::IPV6, IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
    };
    let socket = Socket::new(domain, Type::DGRAM, None)?;
    set_route(SockRef::from(&socket), egress)?;
    socket.bind(&SocketAddr::new(unspecified, 0).into())?;
    socket.connect(&SocketAddr::new(peer, DISCARD).into())?;
    let local = socket.local_addr()?.as_socket();
    local.ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}
