use std::{net::SocketAddr, time::Duration};

use tokio::net::{TcpListener, TcpStream};
use tracing::debug;

use super::{BindError, BindErrorKind, Strangers, expected::Expected, limit::Slot};
use crate::{Accepted, connect::tune, server::AcceptError, stream::reset_on_close};

/// A listener and whom it waits for.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) listener: TcpListener,
    pub(super) expected: Expected,
    pub(super) strangers: Strangers,
    pub(super) keepalive: Option<Duration>,
    pub(super) slot: Slot,
}

impl Waiting {
    /// Waits for the expected peer. Its connection is the only one that is taken: the listener is
    /// closed with it (`BI-14`), as with any other end of this.
    pub(super) async fn accept(self) -> Result<Accepted<TcpStream>, BindError> {
        loop {
            let (stream, peer) = match self.listener.accept().await {
                Ok((stream, peer)) => (stream, canonical(peer)),
                Err(error) if AcceptError::of(&error) == AcceptError::Connection => continue,
                Err(error) => {
                    return Err(BindError::with_source(BindErrorKind::Accept, error));
                }
            };
            if self.expected.includes(peer) {
                let Self {
                    listener,
                    slot,
                    keepalive,
                    ..
                } = self;
                drop((listener, slot));
                tune(&stream, keepalive);
                return Ok(Accepted::new(stream, peer));
            }
            debug!(%peer, expected = ?self.expected, "a stranger connected");
            reset_on_close(&stream);
            match self.strangers {
                Strangers::Ignore => {}
                Strangers::Refuse => return Err(BindError::stranger(peer)),
            }
        }
    }
}

fn canonical(mut addr: SocketAddr) -> SocketAddr {
    addr.set_ip(addr.ip().to_canonical());
    addr
}
