use std::{
    fmt,
    future::Future,
    net::SocketAddr,
    ops::RangeInclusive,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use socks_core::message::{Bind, Egress};
use tokio::net::TcpStream;
use tower_service::Service;

use super::{
    Advertise, BindError, Strangers,
    accept::Waiting,
    expected::Expected,
    limit::{Limit, Listeners},
    listen::listen,
    ports::Ports,
};
use crate::{Bound, Resolver, SystemResolver};

/// Listens for the peers of BIND requests by TCP (RFC 1928 §6).
///
/// | what | by default |
/// |---|---|
/// | who may connect | DST.ADDR, a name's addresses as far as the permit lets them, or whoever the permit lets if it is zeros (`BI-4`, `BI-6`) |
/// | address of the listener | the one with which this machine reaches the expected peer; for any peer the one that the client connected to (`BI-9`) |
/// | port | the client's wish in SOCKS5 if it is free (`BI-3`), or one that the system chooses; never below 1024 (`SE-60`) |
/// | a stranger | is reset, and the wait goes on ([`Strangers`]) |
/// | listeners | 2 a client, 1000 in all (`SE-59`) |
///
/// The listener is open before the answer, takes one connection, and is closed with it or when the
/// wait is given up. How long the wait may take is the session's affair
/// ([`Deadlines::bind`](crate::Deadlines::bind)), and so is the question whether the peer may be
/// handed to the client ([`AccessPoint::BindPeer`](socks_core::message::AccessPoint::BindPeer)).
///
/// Dante's extension for many connections is not served: its marker `255.255.255.255` is refused
/// with `02` (`BI-24`).
///
/// Clones count listeners together.
#[derive(Clone, Default)]
pub struct TcpBinder<R = SystemResolver> {
    resolver: R,
    settings: Settings,
    listeners: Listeners,
}

#[derive(Clone)]
struct Settings {
    egress: Egress,
    advertise: Option<Arc<dyn Advertise>>,
    ports: Ports,
    strangers: Strangers,
    limit: Limit,
    keepalive: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            egress: Egress::new(),
            advertise: None,
            ports: Ports::default(),
            strangers: Strangers::default(),
            limit: Limit::default(),
            keepalive: Some(Duration::from_secs(60)),
        }
    }
}

impl TcpBinder {
    /// A binder that resolves names by the operating system.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<R> TcpBinder<R> {
    /// Resolves names by `resolver`.
    #[must_use]
    pub fn resolver<T: Resolver>(self, resolver: T) -> TcpBinder<T> {
        TcpBinder {
            resolver,
            settings: self.settings,
            listeners: self.listeners,
        }
    }

    /// Where listeners are unless a permit says otherwise: the external address of each family, the
    /// interface and the mark (`BI-9`, `SE-56`). An address that is unset or unspecified leaves the
    /// choice to the system. Give the connector the same, so that peers see one address.
    #[must_use]
    pub fn egress(mut self, egress: Egress) -> Self {
        self.settings.egress = egress;
        self
    }

    /// Tells clients another address than the listener's own, for a server behind address
    /// translation.
    #[must_use]
    pub fn advertise(mut self, advertise: impl Advertise + 'static) -> Self {
        self.settings.advertise = Some(Arc::new(advertise));
        self
    }

    /// Listens on ports of this range only, chosen at random; those below 1024 are left out
    /// (`BI-21`, `SE-60`). Up to 64 are tried for each request.
    #[must_use]
    pub fn ports(mut self, ports: RangeInclusive<u16>) -> Self {
        self.settings.ports.range = Some(ports);
        self
    }

    /// Never listens on these ports: those of other services, and of the proxy itself (`SE-60`).
    /// The port that the client connected to need not be listed. Adds up over calls.
    #[must_use]
    pub fn exclude_ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.settings.ports.excluded.extend(ports);
        self
    }

    /// What a connection from somebody else does to the wait.
    #[must_use]
    pub fn strangers(mut self, strangers: Strangers) -> Self {
        self.settings.strangers = strangers;
        self
    }

    /// How many listeners a client may have, by its IP address (IPv6: by its network of 64 bits);
    /// 2 by default. One more is refused with `02` (`SE-59`, `SE-20`).
    #[must_use]
    pub fn max_per_client(mut self, listeners: usize) -> Self {
        self.settings.limit.per_client = listeners;
        self
    }

    /// How many listeners all clients may have together; 1000 by default. One more is refused with
    /// `01` (`BI-21`, `SE-20`).
    #[must_use]
    pub fn max_total(mut self, listeners: usize) -> Self {
        self.settings.limit.total = listeners;
        self
    }

    /// After how much silence the peer is probed; 60 seconds by default, `None` for no probes
    /// (`SE-52`).
    #[must_use]
    pub fn keepalive(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.settings.keepalive = idle.into();
        self
    }
}

impl<R: Resolver> Service<Bind> for TcpBinder<R> {
    type Response = Bound<TcpStream>;
    type Error = BindError;
    type Future = TcpBindFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, bind: Bind) -> Self::Future {
        let (resolver, settings) = (self.resolver.clone(), self.settings.clone());
        // A client that waits for a lookup has its place already.
        let slot = self.listeners.take(bind.conn.peer.ip(), settings.limit);
        TcpBindFuture(Box::pin(async move {
            let slot = slot?;
            let expected = Expected::of(resolver, &bind).await?;
            let egress = match &bind.permit.egress {
                Some(egress) => egress.or(&settings.egress),
                None => settings.egress,
            };
            let listener = listen(&bind, &expected, &egress, &settings.ports)?;
            let mut addr = listener.local_addr().map_err(BindError::listen)?;
            if let Some(advertise) = settings.advertise {
                addr = SocketAddr::new(advertise.advertised(&bind.conn, addr), addr.port());
            }
            let waiting = Waiting {
                listener,
                expected,
                strangers: settings.strangers,
                keepalive: settings.keepalive,
                slot,
            };
            Ok(Bound::new(addr, async { Ok(waiting.accept().await?) }))
        }))
    }
}

impl<R> fmt::Debug for TcpBinder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpBinder")
            .field("egress", &self.settings.egress)
            .field("advertise", &self.settings.advertise.is_some())
            .field("ports", &self.settings.ports)
            .field("strangers", &self.settings.strangers)
            .field("limit", &self.settings.limit)
            .finish_non_exhaustive()
    }
}

/// A listener that is being opened.
///
/// # Cancel safety
///
/// Dropping it closes what was opened.
#[must_use = "futures do nothing unless polled"]
pub struct TcpBindFuture(Pin<Box<dyn Future<Output = Result<Bound<TcpStream>, BindError>> + Send>>);

impl Future for TcpBindFuture {
    type Output = Result<Bound<TcpStream>, BindError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for TcpBindFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpBindFuture").finish_non_exhaustive()
    }
}
