use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use socks_core::{
    Address,
    client::{AwaitingReply, Granted},
    message::Version,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{ClientError, ClientErrorKind, ClientTunnel, wire::Wire};

/// BIND behind its first reply: the proxy listens for one connection.
///
/// Tell the application server [`bound`](Self::bound), then [`accept`](Self::accept). The proxy
/// stops listening when this is dropped.
pub struct Listening<S> {
    wire: Wire<S>,
    awaiting: AwaitingReply,
    version: Version,
    bound: Address,
    timeout: Duration,
}

/// Longer than the two minutes that a server waits (`BI-15`), so that it is the server who says
/// that nobody came.
const TIMEOUT: Duration = Duration::from_secs(180);

impl<S: AsyncRead + AsyncWrite + Unpin> Listening<S> {
    pub(super) fn new(
        wire: Wire<S>,
        granted: Granted,
        version: Version,
        server: Option<SocketAddr>,
    ) -> Self {
        Self {
            bound: bound_at(&granted, server),
            wire,
            awaiting: granted.await_peer(),
            version,
            timeout: TIMEOUT,
        }
    }

    /// Where the proxy listens: the first reply's BND, with the proxy's own address in place of an
    /// unspecified one if that is known (`S4-15`, `UD-10`).
    pub fn bound(&self) -> &Address {
        &self.bound
    }

    /// How long [`accept`](Self::accept) waits; 180 seconds by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Waits for the peer: the second reply (`BI-17`). Returns the connection and who made it, as
    /// the proxy says. A proxy may let anybody in, so check that it is the host that was expected
    /// before trusting what it says (`BI-19`), or use [`accept_from`](Self::accept_from). A SOCKS4
    /// proxy may leave the peer at `0.0.0.0:0`.
    ///
    /// # Errors
    ///
    /// The proxy refused the peer or nobody came, with the reply code; the connection broke; or
    /// [`TimedOut`](ClientErrorKind::TimedOut).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection, and with it the listening socket.
    pub async fn accept(mut self) -> Result<(ClientTunnel<S>, Address), ClientError> {
        self.wire.set_timeout(self.timeout);
        let granted = self.wire.reply(self.awaiting).await?;
        let peer = granted.bound().clone();
        let stream = self.wire.into_stream().await?;
        Ok((ClientTunnel::new(stream, peer.clone()), peer))
    }

    /// Like [`accept`](Self::accept), for a peer with the address `expected` (`BI-19`). A SOCKS4
    /// proxy that leaves the peer unspecified is believed: it has to compare by itself (`S4-17`).
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept), and [`UnexpectedPeer`](ClientErrorKind::UnexpectedPeer).
    ///
    /// # Cancel safety
    ///
    /// As [`accept`](Self::accept).
    pub async fn accept_from(
        self,
        expected: IpAddr,
    ) -> Result<(ClientTunnel<S>, Address), ClientError> {
        let socks4 = self.version == Version::Socks4;
        let (tunnel, peer) = self.accept().await?;
        let as_expected = match &peer {
            Address::Socket(addr) => {
                addr.ip().to_canonical() == expected.to_canonical()
                    || (socks4 && addr.ip().is_unspecified())
            }
            Address::Domain(..) => false,
        };
        match as_expected {
            true => Ok((tunnel, peer)),
            false => Err(ClientError::new(ClientErrorKind::UnexpectedPeer)),
        }
    }
}

/// BND with the proxy's own address in place of an unspecified one, if that is known.
pub(super) fn bound_at(granted: &Granted, server: Option<SocketAddr>) -> Address {
    match server {
        Some(server) => granted.bound_at(server),
        None => granted.bound().clone(),
    }
}

impl<S> fmt::Debug for Listening<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listening")
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}
