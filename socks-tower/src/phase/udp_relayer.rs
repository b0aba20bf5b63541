use std::{fmt, future::Future, net::SocketAddr, pin::Pin, sync::Arc};

use socks_core::message::Associate;
use tower_service::Service;

use crate::{BoxError, Traffic, udp::UdpCounters};

/// Relays the datagrams that a UDP ASSOCIATE asks for.
///
/// Every `tower::Service` from [`Associate`] to [`Association`] is one. It answers once the
/// client-side socket is bound (`UD-9`); the relaying itself is [`Association::relay`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a UDP relayer",
    label = "not a `Service<Associate, Response = Association>`",
    note = "a UDP relayer is a `tower::Service<Associate, Response = Association>` that is `Clone + Send + Sync + 'static`, with `Error: Into<BoxError>` and a `Send` future"
)]
pub trait UdpRelayer:
    Service<Associate, Response = Association, Error: Into<BoxError>, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> UdpRelayer for S where
    S: Service<Associate, Response = Association, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A UDP association, which lives as long as the client's connection (`UD-1`).
#[non_exhaustive]
pub struct Association {
    /// Where the client sends its datagrams: the reply's BND (`UD-9`).
    pub addr: SocketAddr,
    /// What has been relayed, in octets of payload without the UDP request header.
    pub traffic: Arc<Traffic>,
    /// How many datagrams were relayed, and how many dropped for what reason; all zero if the
    /// relayer does not count.
    pub datagrams: Arc<UdpCounters>,
    /// Whether datagrams between client and relay are protected by what the [`Associate`] came
    /// with; [`protected`](Self::protected) says that they are. If not, and it came with something,
    /// the client is refused with `01`: nothing is relayed in clear for a client whose connection
    /// is protected (`UD-19`).
    pub protected: bool,
    /// Relays until the association ends by itself, such as by its idle timeout. Dropping it frees
    /// the sockets.
    pub relay: Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>,
}

impl Association {
    /// A relay address, the counters that the relaying keeps, and the relaying.
    pub fn new(
        addr: SocketAddr,
        traffic: Arc<Traffic>,
        relay: impl Future<Output = Result<(), BoxError>> + Send + 'static,
    ) -> Self {
        Self {
            addr,
            traffic,
            datagrams: Arc::default(),
            protected: false,
            relay: Box::pin(relay),
        }
    }

    /// Says that every datagram between client and relay is wrapped and unwrapped by
    /// [`Associate::protection`], and nothing else taken from the client.
    #[must_use]
    pub fn protected(mut self, protected: bool) -> Self {
        self.protected = protected;
        self
    }

    /// Counts datagrams there.
    #[must_use]
    pub fn datagrams(mut self, counters: Arc<UdpCounters>) -> Self {
        self.datagrams = counters;
        self
    }
}

impl fmt::Debug for Association {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Association")
            .field("addr", &self.addr)
            .finish_non_exhaustive()
    }
}
