use std::{
    io,
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use socks_core::message::Endpoint;
use tokio::net::{TcpListener, TcpStream};

use super::Listener;
use crate::Incoming;

/// How long a connection may be silent before the first probe (`SE-52`).
pub(super) const KEEPALIVE: Duration = Duration::from_secs(60);

/// Accepted sockets get `TCP_NODELAY`, and keepalive after 60 s unless the listener was made with
/// another time ([`TcpListenerOptions`](crate::TcpListenerOptions)); to undo either, use
/// [`map_io`](crate::ListenerExt::map_io).
impl Listener for TcpListener {
    type Io = TcpStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming<TcpStream>>> {
        let (stream, peer) = ready!(TcpListener::poll_accept(self, cx))?;
        // A connection that the peer has reset has no address on some systems. It must not be
        // served without one: a stream without an address counts as local.
        let local = stream.local_addr().map_err(aborted)?;
        if !INHERITED {
            set_options(SockRef::from(&stream)).map_err(aborted)?;
        }
        Poll::Ready(Ok(Incoming::accepted(stream, peer, local)))
    }

    fn local_endpoint(&self) -> io::Result<Endpoint> {
        self.local_addr().map(Endpoint::from)
    }

    fn prepare(&mut self) -> io::Result<()> {
        if INHERITED {
            set_options(SockRef::from(&*self))?;
        }
        Ok(())
    }
}

/// Linux copies a listening socket's TCP options into each socket it accepts, which saves three
/// system calls a connection.
const INHERITED: bool = cfg!(any(target_os = "linux", target_os = "android"));

fn set_options(socket: SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    if !socket.keepalive()? {
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    }
    Ok(())
}

/// The failure of one accepted connection, which is no failure of the listener.
pub(super) fn aborted(error: io::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}
