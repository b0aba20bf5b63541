use std::{io, net::SocketAddr, time::Duration};

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};
use tokio::net::TcpListener;

use super::tcp::KEEPALIVE;

/// How to open a TCP listener.
///
/// ```
/// use socks_tower::{Listener, TcpListenerOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let listener = TcpListenerOptions::new()
///     .backlog(4096)
///     .bind("127.0.0.1:0".parse().unwrap())?;
/// println!("listening on {}", listener.local_endpoint()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TcpListenerOptions {
    backlog: u16,
    keepalive: Duration,
    only_v6: bool,
    reuse_port: bool,
}

impl TcpListenerOptions {
    /// A backlog of 1024, keepalive after 60 s, IPv4 too on an IPv6 wildcard address, a port of
    /// one's own.
    pub fn new() -> Self {
        Self {
            backlog: 1024,
            keepalive: KEEPALIVE,
            only_v6: false,
            reuse_port: false,
        }
    }

    /// How many connections may wait to be accepted. The system may have a lower limit (on Linux
    /// `net.core.somaxconn`).
    #[must_use]
    pub fn backlog(mut self, connections: u16) -> Self {
        self.backlog = connections;
        self
    }

    /// How long an accepted connection may be silent before its peer is probed (`SE-52`), in whole
    /// seconds.
    #[must_use]
    pub fn keepalive(mut self, idle: Duration) -> Self {
        self.keepalive = idle;
        self
    }

    /// Whether an IPv6 listener refuses IPv4 clients.
    #[must_use]
    pub fn only_v6(mut self, only_v6: bool) -> Self {
        self.only_v6 = only_v6;
        self
    }

    /// Whether other sockets of the same user may listen on the same port (`SO_REUSEPORT`); on
    /// Linux connections are spread over them. [`Workers`](crate::Workers) sets it by itself.
    #[must_use]
    pub fn reuse_port(mut self, reuse_port: bool) -> Self {
        self.reuse_port = reuse_port;
        self
    }

    /// Opens the listener. Port 0 lets the system choose one.
    ///
    /// # Errors
    ///
    /// The operating system's, for example for a port in use;
    /// [`Unsupported`](io::ErrorKind::Unsupported) for [`reuse_port`](Self::reuse_port) where there
    /// is no such option.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with IO enabled, as every socket of tokio.
    pub fn bind(&self, addr: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::from_std(self.bind_std(addr)?)
    }

    /// A non-blocking listener that belongs to no runtime yet.
    pub(super) fn bind_std(&self, addr: SocketAddr) -> io::Result<std::net::TcpListener> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        if addr.is_ipv6() {
            socket.set_only_v6(self.only_v6)?;
        }
        // On Windows this option would let another process take the port over.
        #[cfg(not(windows))]
        socket.set_reuse_address(true)?;
        if self.reuse_port {
            set_reuse_port(&socket)?;
        }
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(self.keepalive))?;
        socket.bind(&addr.into())?;
        socket.listen(self.backlog.into())?;
        Ok(socket.into())
    }
}

impl Default for TcpListenerOptions {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(
    unix,
    not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))
))]
fn set_reuse_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(all(
    unix,
    not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))
)))]
fn set_reuse_port(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
