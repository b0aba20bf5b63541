use std::{io, net::SocketAddr};

use socket2::SockRef;
use socks_core::message::{Bind, Egress, Version};
use tokio::net::{TcpListener, TcpSocket};

use super::{BindError, BindErrorKind, expected::Expected, place::place, ports::Ports};
use crate::connect::set_route;

/// One connection is all that is wanted (`BI-14`, `BI-23`).
const BACKLOG: u32 = 1;

/// Listens for the expected peer, in the first family in which this machine can be reached by it.
pub(super) fn listen(
    bind: &Bind,
    expected: &Expected,
    egress: &Egress,
    ports: &Ports,
) -> Result<TcpListener, BindError> {
    let mut failed = BindError::new(BindErrorKind::NoAddress);
    for peer in expected.families() {
        let listener = place(peer, bind, egress)
            .and_then(|place| on_some_port(place, wish(bind, expected), bind, egress, ports));
        match listener {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// DST.PORT is a wish in SOCKS5 (`BI-3`). In SOCKS4 it is a port of the primary connection, but for
/// any peer (`S4-18`).
fn wish(bind: &Bind, expected: &Expected) -> u16 {
    match (bind.conn.version, expected) {
        (Version::Socks5, _) | (Version::Socks4, Expected::Any { .. }) => bind.destination.port(),
        (Version::Socks4, Expected::OneOf(_)) => 0,
    }
}

fn on_some_port(
    mut place: SocketAddr,
    wish: u16,
    bind: &Bind,
    egress: &Egress,
    ports: &Ports,
) -> Result<TcpListener, BindError> {
    // The server's own port is taken on its own address alone, and what comes to it elsewhere is
    // not meant for a client either (SE-60).
    let own = bind.conn.local.socket_addr().map(|own| own.port());
    for port in ports.candidates(wish).filter(|port| Some(*port) != own) {
        place.set_port(port);
        match on(place, egress) {
            Ok(listener) => {
                let port = listener.local_addr().map_err(BindError::listen)?.port();
                if ports.permits(port) && Some(port) != own {
                    return Ok(listener);
                }
            }
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(BindError::listen(error)),
        }
    }
    Err(BindError::new(BindErrorKind::NoPort))
}

/// `EACCES` is a port that the system keeps for others.
fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    )
}

/// No address reuse is set: another process could take the port over with it (`BI-23`).
fn on(place: SocketAddr, egress: &Egress) -> io::Result<TcpListener> {
    let socket = match place {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    set_route(SockRef::from(&socket), egress)?;
    socket.bind(place)?;
    socket.listen(BACKLOG)
}
