use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use socks_core::{
    Address, Host, LengthError, Secret, UserId, UserName,
    client::{Socks5, Subnegotiation, UsernamePassword},
    message::{Connect, Permit},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt;
use tower_service::Service;

use super::{Client, ClientError, ClientTunnel};
use crate::{BoxError, ConnectError, ConnectErrorKind, Connected, Connector, TcpConnector};

/// Connects to targets through another SOCKS proxy, so that servers chain.
///
/// Names are passed on as names, so the upstream resolves them (`S4A-9`, `R5-39`), and the permit's
/// address filter cannot be asked what they lead to. By default a name whose permit
/// [is filtered](Permit::is_filtered), as all of the safe default's are, is therefore refused with
/// `02`; see [`trust_upstream_resolution`](Self::trust_upstream_resolution). Addresses are judged
/// by the filter as ever.
///
/// The upstream's refusals reach the client with their own reply codes. That the upstream cannot be
/// reached or does not let this server in is `01`: that is not for the client to know (`R5-67`).
///
/// Credentials are those configured here; a client's are never passed on (`SE-62`). A next hop that
/// is the listener which the client came in by is refused (`SE-61`); with several listeners, do not
/// name one of them.
///
/// ```
/// use socks_tower::{SocksService, client::SocksConnector};
///
/// # fn server() -> Result<SocksService<impl Sized>, Box<dyn std::error::Error>> {
/// let upstream: std::net::SocketAddr = "192.0.2.1:1080".parse()?;
/// let connector = SocksConnector::socks5(upstream).username_password("proxy", "secret")?;
/// Ok(SocksService::new(connector))
/// # }
/// ```
#[derive(Clone)]
pub struct SocksConnector<C = TcpConnector> {
    upstream: Address,
    protocol: Protocol,
    dial: C,
    timeout: Duration,
    optimistic: bool,
    trust_upstream_resolution: bool,
}

#[derive(Clone)]
enum Protocol {
    Socks4(UserId),
    Socks5(Arc<dyn Fn() -> Socks5 + Send + Sync>),
}

impl SocksConnector {
    /// Through a SOCKS5 proxy, without a login.
    pub fn socks5(upstream: impl Into<Address>) -> Self {
        Self::new(upstream.into(), Protocol::Socks5(Arc::new(Socks5::new)))
    }

    /// Through a SOCKS4 proxy, by SOCKS4A for names. IPv6 targets are refused with `08`.
    pub fn socks4(upstream: impl Into<Address>, user_id: UserId) -> Self {
        Self::new(upstream.into(), Protocol::Socks4(user_id))
    }

    fn new(upstream: Address, protocol: Protocol) -> Self {
        Self {
            upstream,
            protocol,
            dial: TcpConnector::new(),
            timeout: Duration::from_secs(30),
            optimistic: false,
            trust_upstream_resolution: false,
        }
    }
}

impl<C> SocksConnector<C> {
    /// Logs in at a SOCKS5 upstream by RFC 1929, and offers nothing weaker (`SE-37`).
    ///
    /// # Errors
    ///
    /// A field is empty or longer than 255 octets.
    pub fn username_password(
        self,
        username: impl Into<UserName>,
        password: impl Into<Secret>,
    ) -> Result<Self, LengthError> {
        Ok(self.method(UsernamePassword::new(username, password)?))
    }

    /// Offers this method alone to the upstream, which is one that speaks SOCKS5. Each connection
    /// begins with a clone.
    #[must_use]
    pub fn method(mut self, method: impl Subnegotiation + Clone + Sync + 'static) -> Self {
        self.protocol = Protocol::Socks5(Arc::new(move || Socks5::only(method.clone())));
        self
    }

    /// Reaches the upstream by `dial`: a [`TcpConnector`] with settings of its own, TLS, or another
    /// `SocksConnector`, for a chain of as many hops as are written down (`SE-61`).
    #[must_use]
    pub fn dial<D>(self, dial: D) -> SocksConnector<D> {
        SocksConnector {
            upstream: self.upstream,
            protocol: self.protocol,
            dial,
            timeout: self.timeout,
            optimistic: self.optimistic,
            trust_upstream_resolution: self.trust_upstream_resolution,
        }
    }

    /// How long it may all take, from dialling the upstream to its reply; 30 seconds by default
    /// (`R5-61`).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether login and request are sent along with the greeting, which saves the round trips of
    /// the handshake (`R5-6`); off by default, since some servers lose what they did not wait for.
    #[must_use]
    pub fn optimistic(mut self, optimistic: bool) -> Self {
        self.optimistic = optimistic;
        self
    }

    /// Whether names are passed on although the permit has an address filter; off by default. The
    /// filter then judges the names alone ([`Permit::permits_unresolved`]): the upstream is trusted to
    /// resolve those that are permitted as such to nothing that the client must not reach.
    #[must_use]
    pub fn trust_upstream_resolution(mut self, trust: bool) -> Self {
        self.trust_upstream_resolution = trust;
        self
    }

    /// What the upstream is asked for, if the permit lets it be asked.
    fn destination(&self, connect: &Connect) -> Result<Address, ConnectError> {
        let literal = |mut addr: SocketAddr| {
            addr.set_ip(addr.ip().to_canonical());
            match connect.permit.permits(addr) {
                false => Err(ConnectError::new(ConnectErrorKind::NotPermitted)),
                true if addr.is_ipv6() && matches!(self.protocol, Protocol::Socks4(_)) => {
                    Err(ConnectError::new(ConnectErrorKind::FamilyDisabled))
                }
                true => Ok(Address::Socket(addr)),
            }
        };
        match &connect.destination {
            Address::Socket(addr) => literal(*addr),
            Address::Domain(domain, port) => match domain.canonical()? {
                Host::Ip(ip) => literal(SocketAddr::new(ip, *port)),
                Host::Domain(_)
                    if connect.permit.is_filtered() && !self.trust_upstream_resolution =>
                {
                    Err(ConnectError::new(ConnectErrorKind::NotPermitted))
                }
                Host::Domain(name) if !connect.permit.permits_unresolved(&name, *port) => {
                    Err(ConnectError::new(ConnectErrorKind::NotPermitted))
                }
                Host::Domain(name) => Ok(Address::Domain(name, *port)),
            },
        }
    }

    async fn connect<U>(self, connect: Connect) -> Result<Connected<ClientTunnel<U>>, ConnectError>
    where
        C: Connector<U>,
        U: AsyncRead + AsyncWrite + Unpin,
    {
        let destination = self.destination(&connect)?;
        let own = connect.conn.local.socket_addr();
        let is_own = |addr: SocketAddr| own.is_some_and(|own| same(own, addr));
        if let Address::Socket(upstream) = self.upstream
            && is_own(upstream)
        {
            return Err(itself());
        }
        // Where the upstream is, is configuration and not for the client's permit to judge.
        let mut permit = Permit::new();
        permit.egress = connect.permit.egress;
        let hop = Connect::new(connect.conn, connect.identity, self.upstream, permit);
        let upstream = self.dial.oneshot(hop).await.map_err(unreachable)?;
        if upstream.remote.is_some_and(is_own) {
            return Err(itself());
        }
        let tunnel = match self.protocol {
            Protocol::Socks4(user_id) => {
                let client = Client::socks4(upstream.stream).user_id(user_id);
                client.timeout(self.timeout).connect(destination).await
            }
            Protocol::Socks5(offer) => {
                let client = Client::socks5(upstream.stream).offer(offer());
                let client = client.timeout(self.timeout);
                match self.optimistic {
                    true => client.connect_with(destination, &[]).await,
                    false => client.connect(destination).await,
                }
            }
        };
        let tunnel = tunnel.map_err(ConnectError::upstream)?;
        let bound = match tunnel.bound() {
            Address::Socket(addr) => *addr,
            // A reply with a name in it breaks clients (R5-45).
            Address::Domain(..) => SocketAddr::from(([0, 0, 0, 0], 0)),
        };
        let mut connected = Connected::new(tunnel, bound);
        connected.remote = upstream.remote;
        Ok(connected)
    }
}

fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
}

/// The next hop is this server (`SE-61`).
fn itself() -> ConnectError {
    ConnectError::upstream(ClientError::invalid("the upstream is this server itself"))
}

fn unreachable(error: impl Into<BoxError>) -> ConnectError {
    ConnectError::upstream(error)
}

impl<C, U> Service<Connect> for SocksConnector<C>
where
    C: Connector<U>,
    C: Service<Connect, Response = Connected<U>>,
    U: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Response = Connected<ClientTunnel<U>>;
    type Error = ConnectError;
    type Future = SocksConnectFuture<U>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, connect: Connect) -> Self::Future {
        let connecting = tokio::time::timeout(self.timeout, self.clone().connect(connect));
        SocksConnectFuture(Box::pin(async move {
            connecting
                .await
                .unwrap_or_else(|_| Err(ConnectError::new(ConnectErrorKind::TimedOut)))
        }))
    }
}

impl<C: fmt::Debug> fmt::Debug for SocksConnector<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocksConnector")
            .field("upstream", &self.upstream)
            .field("dial", &self.dial)
            .finish_non_exhaustive()
    }
}

type Connecting<U> = dyn Future<Output = Result<Connected<ClientTunnel<U>>, ConnectError>> + Send;

/// A connection through an upstream under way.
///
/// # Cancel safety
///
/// Dropping it closes the connection to the upstream.
#[must_use = "futures do nothing unless polled"]
pub struct SocksConnectFuture<U>(Pin<Box<Connecting<U>>>);

impl<U> Future for SocksConnectFuture<U> {
    type Output = Result<Connected<ClientTunnel<U>>, ConnectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<U> fmt::Debug for SocksConnectFuture<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocksConnectFuture").finish_non_exhaustive()
    }
}
