use std::{future::Future, io, net::SocketAddr, pin::Pin, time::Duration};

use futures_util::stream::FuturesUnordered;
use socket2::SockRef;
use socks_core::message::Egress;
use tokio::net::UdpSocket;
use tower::ServiceExt;

use super::{flow::Outlet, socket};
use crate::{Addrs, Name, Resolver};

type Lookup = Pin<Box<dyn Future<Output = (Name, Option<Addrs>)> + Send>>;

/// The sockets and lookups of one association.
pub(super) struct Sockets<R> {
    pub(super) client: UdpSocket,
    /// Whether `client` is connected, so that the kernel filters.
    pinned: bool,
    pub(super) v4: Outside,
    pub(super) v6: Outside,
    egress: Egress,
    resolver: R,
    patience: Duration,
    pub(super) lookups: FuturesUnordered<Lookup>,
}

/// The socket towards targets of one family (`UD-41`).
pub(super) enum Outside {
    Unopened,
    Open(UdpSocket),
    /// Switched off, or the system does not know the family.
    Unsupported,
}

impl Outside {
    pub(super) fn socket(&self) -> Option<&UdpSocket> {
        match self {
            Self::Open(socket) => Some(socket),
            _ => None,
        }
    }
}

impl<R: Resolver> Sockets<R> {
    pub(super) fn new(
        client: UdpSocket,
        egress: Egress,
        ipv6: bool,
        resolver: R,
        patience: Duration,
    ) -> Self {
        Self {
            client,
            pinned: false,
            v4: Outside::Unopened,
            v6: match ipv6 {
                true => Outside::Unopened,
                false => Outside::Unsupported,
            },
            egress,
            resolver,
            patience,
            lookups: FuturesUnordered::new(),
        }
    }

    fn outside(&mut self, to: SocketAddr) -> io::Result<&UdpSocket> {
        let slot = match to {
            SocketAddr::V4(_) => &mut self.v4,
            SocketAddr::V6(_) => &mut self.v6,
        };
        if matches!(slot, Outside::Unopened) {
            *slot = match socket::outside(to, &self.egress) {
                Ok(socket) => Outside::Open(socket),
                Err(error) if is_unknown_family(&error) => Outside::Unsupported,
                Err(error) => return Err(error),
            };
        }
        slot.socket().ok_or(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(unix)]
fn is_unknown_family(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAFNOSUPPORT))
}

#[cfg(not(unix))]
fn is_unknown_family(_: &io::Error) -> bool {
    false
}

// Sending goes past tokio's readiness, which a socket has only after its first wait: there is no
// waiting to send, what does not fit is dropped.
impl<R: Resolver> Outlet for Sockets<R> {
    fn to_target(&mut self, to: SocketAddr, data: &[u8]) -> io::Result<()> {
        let socket = self.outside(to)?;
        SockRef::from(socket).send_to(data, &to.into()).map(drop)
    }

    fn to_client(&mut self, to: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        let socket = SockRef::from(&self.client);
        match self.pinned {
            true => socket.send(datagram),
            false => socket.send_to(datagram, &to.into()),
        }
        .map(drop)
    }

    fn resolve(&mut self, name: Name) {
        let answer = self.resolver.clone().oneshot(name.clone());
        let answer = tokio::time::timeout(self.patience, answer);
        self.lookups.push(Box::pin(async move {
            let addrs = answer.await.ok().and_then(Result::ok);
            (name, addrs)
        }));
    }

    fn pin(&mut self, client: SocketAddr) {
        // Without it every source is still checked.
        let connected = SockRef::from(&self.client).connect(&client.into());
        self.pinned = connected.is_ok();
    }

    fn reaches(&self, to: SocketAddr) -> bool {
        let slot = match to {
            SocketAddr::V4(_) => &self.v4,
            SocketAddr::V6(_) => &self.v6,
        };
        !matches!(slot, Outside::Unsupported)
    }
}
