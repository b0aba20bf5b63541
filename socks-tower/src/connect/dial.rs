use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use socks_core::message::Egress;
use tokio::net::{TcpSocket, TcpStream};

use super::ConnectError;

/// One attempt at one address. Dropping the future ends the attempt.
pub(super) trait Dial: Sync {
    type Stream: Send;

    fn dial(
        &self,
        addr: SocketAddr,
    ) -> impl Future<Output = Result<Self::Stream, ConnectError>> + Send;
}

/// Dials by TCP.
#[derive(Debug)]
pub(super) struct TcpDial {
    pub(super) egress: Egress,
    pub(super) keepalive: Option<Duration>,
}

impl Dial for TcpDial {
    type Stream = TcpStream;

    async fn dial(&self, addr: SocketAddr) -> Result<TcpStream, ConnectError> {
        let socket = match addr {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        leave_from(&socket, &self.egress, addr).map_err(ConnectError::egress)?;
        let stream = socket.connect(addr).await?;
        tune(&stream, self.keepalive);
        Ok(stream)
    }
}

/// Sets what is worth having but not worth failing for: some systems refuse options on a connection
/// that the peer has reset already.
pub(crate) fn tune(stream: &TcpStream, keepalive: Option<Duration>) {
    let nodelay = stream.set_nodelay(true);
    let keepalive = keepalive.map_or(Ok(()), |idle| {
        let keepalive = TcpKeepalive::new().with_time(idle);
        SockRef::from(stream).set_tcp_keepalive(&keepalive)
    });
    if let Err(error) = nodelay.and(keepalive) {
        tracing::debug!(%error, "socket options not set");
    }
}

/// A source address speaks for its own family alone: with one for IPv4 only, IPv6 targets are
/// dialled from wherever the system chooses.
fn leave_from(socket: &TcpSocket, egress: &Egress, target: SocketAddr) -> io::Result<()> {
    set_route(SockRef::from(socket), egress)?;
    let source = match target {
        SocketAddr::V4(_) => egress.ipv4.map(IpAddr::V4),
        SocketAddr::V6(_) => egress.ipv6.map(IpAddr::V6),
    };
    source.map_or(Ok(()), |ip| socket.bind(SocketAddr::new(ip, 0)))
}

/// Sets the interface and the mark of a socket, which decide its route.
pub(crate) fn set_route(socket: SockRef<'_>, egress: &Egress) -> io::Result<()> {
    if let Some(interface) = &egress.interface {
        bind_device(&socket, interface)?;
    }
    if let Some(mark) = egress.mark {
        set_mark(&socket, mark)?;
    }
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn bind_device(socket: &SockRef<'_>, interface: &str) -> io::Result<()> {
    socket.bind_device(Some(interface.as_bytes()))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_mark(socket: &SockRef<'_>, mark: u32) -> io::Result<()> {
    socket.set_mark(mark)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn bind_device(_: &SockRef<'_>, _: &str) -> io::Result<()> {
    Err(unsupported("binding to an interface needs Linux"))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn set_mark(_: &SockRef<'_>, _: u32) -> io::Result<()> {
    Err(unsupported("firewall marks need Linux"))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn unsupported(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, message)
}
