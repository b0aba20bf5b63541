use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    ops::RangeInclusive,
};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use socks_core::message::Egress;
use tokio::net::UdpSocket;

use crate::{connect::set_route, random::random};

/// Most ports of a range that are tried for one association.
const MAX_TRIES: u32 = 256;

/// Opens the client-side socket at `local`, whose port is not looked at: on a port that the
/// system chooses, or on one of `ports`, beginning anywhere (`SE-29`).
pub(super) fn client_side(
    mut local: SocketAddr,
    ports: Option<&RangeInclusive<u16>>,
) -> io::Result<UdpSocket> {
    let Some(ports) = ports else {
        local.set_port(0);
        return bind(new(local)?, local);
    };
    let (first, last) = (u32::from(*ports.start()), u32::from(*ports.end()));
    let count = (last + 1).saturating_sub(first);
    if count == 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let start = (random() >> 32) as u32 % count;
    let mut failure = io::Error::from(io::ErrorKind::AddrInUse);
    for step in 0..count.min(MAX_TRIES) {
        let port = first + (start + step) % count;
        local.set_port(u16::try_from(port).unwrap_or(u16::MAX));
        match bind(new(local)?, local) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => failure = error,
            done => return done,
        }
    }
    Err(failure)
}

/// Opens a socket towards targets of the family of `target`, on a port that the system chooses.
/// Broadcast is never enabled on it (`SE-27`).
pub(super) fn outside(target: SocketAddr, egress: &Egress) -> io::Result<UdpSocket> {
    let source = match target {
        SocketAddr::V4(_) => IpAddr::V4(egress.ipv4.unwrap_or(Ipv4Addr::UNSPECIFIED)),
        SocketAddr::V6(_) => IpAddr::V6(egress.ipv6.unwrap_or(Ipv6Addr::UNSPECIFIED)),
    };
    let local = SocketAddr::new(source, 0);
    let socket = new(local)?;
    set_route(SockRef::from(&socket), egress)?;
    bind(socket, local)
}

fn new(local: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if local.is_ipv6() {
        // One socket a family: no sender comes in mapped form.
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

fn bind(socket: Socket, local: SocketAddr) -> io::Result<UdpSocket> {
    socket.bind(&local.into())?;
    UdpSocket::from_std(socket.into())
}
