use std::{future::Future, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use futures_util::stream::FuturesUnordered;
use socket2::SockRef;
use socks_core::{
    Domain,
    message::{ConnInfo, Egress},
};
use tower::ServiceExt;

use super::{batch::Side, port::Port, settings::Settings, socket};
use crate::{Addrs, Name, Resolver};

type Lookup = Pin<Box<dyn Future<Output = (Domain, Option<Addrs>)> + Send>>;

/// The sockets and lookups of one association.
pub(super) struct Sockets<R> {
    /// Connected once the client has shown its port.
    client: Port,
    v4: Outside,
    v6: Outside,
    segmentation_offload: bool,
    egress: Egress,
    /// Whom lookups are for.
    conn: Arc<ConnInfo>,
    resolver: R,
    patience: Duration,
    pub(super) lookups: FuturesUnordered<Lookup>,
}

/// The socket towards targets of one family (`UD-41`).
enum Outside {
    Unopened,
    Open(Port),
    /// Switched off, or the system does not know the family.
    Unsupported,
}

impl Outside {
    fn port(&self) -> Option<&Port> {
        match self {
            Self::Open(port) => Some(port),
            _ => None,
        }
    }

    fn port_mut(&mut self) -> Option<&mut Port> {
        match self {
            Self::Open(port) => Some(port),
            _ => None,
        }
    }
}

impl<R> Sockets<R> {
    pub(super) fn new(
        client: Port,
        egress: Egress,
        conn: Arc<ConnInfo>,
        settings: &Settings,
        resolver: R,
    ) -> Self {
        Self {
            client,
            v4: Outside::Unopened,
            v6: match settings.ipv6 {
                true => Outside::Unopened,
                false => Outside::Unsupported,
            },
            segmentation_offload: settings.segmentation_offload,
            egress,
            conn,
            resolver,
            patience: settings.names.patience,
            lookups: FuturesUnordered::new(),
        }
    }

    pub(super) fn port(&self, side: Side) -> Option<&Port> {
        match side {
            Side::Client => Some(&self.client),
            Side::V4 => self.v4.port(),
            Side::V6 => self.v6.port(),
        }
    }

    pub(super) fn port_mut(&mut self, side: Side) -> Option<&mut Port> {
        match side {
            Side::Client => Some(&mut self.client),
            Side::V4 => self.v4.port_mut(),
            Side::V6 => self.v6.port_mut(),
        }
    }

    /// The socket towards `to`, opened if it is not there yet.
    pub(super) fn outside(&mut self, to: SocketAddr) -> io::Result<&Port> {
        let slot = match to {
            SocketAddr::V4(_) => &mut self.v4,
            SocketAddr::V6(_) => &mut self.v6,
        };
        if matches!(slot, Outside::Unopened) {
            *slot = match socket::outside(to, &self.egress) {
                Ok(socket) => {
                    Outside::Open(Port::new(socket, to.is_ipv4(), self.segmentation_offload))
                }
                Err(error) if is_unknown_family(&error) => Outside::Unsupported,
                Err(error) => return Err(error),
            };
        }
        slot.port().ok_or(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn pin(&mut self, client: SocketAddr) {
        // Without it every source is still checked. It would also give a wildcard socket the one
        // address that the system answers this client from, and the client may send to another.
        let socket = SockRef::from(&self.client.socket);
        let local = socket.local_addr().ok().and_then(|addr| addr.as_socket());
        let concrete = local.is_some_and(|local| !local.ip().is_unspecified());
        self.client.connected = concrete && socket.connect(&client.into()).is_ok();
    }

    pub(super) fn reaches(&self, to: SocketAddr) -> bool {
        let slot = match to {
            SocketAddr::V4(_) => &self.v4,
            SocketAddr::V6(_) => &self.v6,
        };
        !matches!(slot, Outside::Unsupported)
    }
}

impl<R: Resolver> Sockets<R> {
    pub(super) fn resolve(&mut self, domain: Domain) {
        let name = Name::new(domain.clone()).conn(Arc::clone(&self.conn));
        let answer = self.resolver.clone().oneshot(name);
        let answer = tokio::time::timeout(self.patience, answer);
        self.lookups.push(Box::pin(async move {
            let addrs = answer.await.ok().and_then(Result::ok);
            (domain, addrs)
        }));
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
