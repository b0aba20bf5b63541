use std::net::SocketAddr;

use socks_core::ident::{Identity, MAX_LINE, PortPair, Query, Response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

use super::error::IdentError;

/// Asks `peer`'s host who owns its connection to `local`. One query a connection (`ID-26`).
///
/// # Cancel safety
///
/// Dropping the future closes the connection.
pub(super) async fn lookup(
    peer: SocketAddr,
    local: SocketAddr,
    port: u16,
) -> Result<Identity, IdentError> {
    let ports = PortPair::new(peer.port(), local.port());
    let query = Query {
        ports: ports.ok_or(IdentError::OtherPorts)?,
    };
    let socket = match peer {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // The host knows its connections by both addresses, so the question comes from the very one
    // that the client has connected to (ID-2). Setting the port alone keeps the zone of a
    // link-local address.
    let (mut from, mut to) = (local, peer);
    from.set_port(0);
    to.set_port(port);
    socket.bind(from)?;
    let mut stream = socket.connect(to).await?;

    let mut octets = Vec::with_capacity(MAX_LINE);
    query.encode(&mut octets);
    stream.write_all(&octets).await?;
    octets.clear();
    // Never more than a line in memory, however much the host sends (ID-16).
    let mut line = stream.take(MAX_LINE as u64);
    loop {
        if line.read_buf(&mut octets).await? == 0 {
            return Err(IdentError::Closed);
        }
        if let Some(response) = Response::decode(&mut octets.as_slice())? {
            return match response.answers(&query) {
                true => response.result.map_err(IdentError::Token),
                false => Err(IdentError::OtherPorts),
            };
        }
    }
}
