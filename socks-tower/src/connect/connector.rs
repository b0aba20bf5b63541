use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use socks_core::message::{Connect, Egress};
use tokio::net::TcpStream;
use tower_service::Service;

use super::{
    ConnectError,
    dial::TcpDial,
    establish::{Limits, establish},
};
use crate::{Connected, Resolver, SystemResolver};

/// Connects to targets by TCP: asks the permit about the name, resolves it, asks about each address
/// and lets the permitted ones race (`R5-59`, RFC 8305).
///
/// A name that the permit refuses is not looked up, an address that it refuses is never dialled, and
/// what is dialled is exactly what was asked about (`SE-12`, `SE-41`). The outgoing connection has `TCP_NODELAY` and keepalive (`SE-52`).
#[derive(Clone, Debug, Default)]
pub struct TcpConnector<R = SystemResolver> {
    resolver: R,
    limits: Limits,
    egress: Egress,
    keepalive: Keepalive,
}

#[derive(Clone, Copy, Debug)]
struct Keepalive(Option<Duration>);

impl Default for Keepalive {
    fn default() -> Self {
        Self(Some(Duration::from_secs(60)))
    }
}

impl TcpConnector {
    /// A connector that resolves names by the operating system.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<R> TcpConnector<R> {
    /// Resolves names by `resolver`.
    #[must_use]
    pub fn resolver<T: Resolver>(self, resolver: T) -> TcpConnector<T> {
        TcpConnector {
            resolver,
            limits: self.limits,
            egress: self.egress,
            keepalive: self.keepalive,
        }
    }

    /// How long it may all take, the lookup included; 30 seconds by default (`R5-61`).
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How long an attempt has for itself before the next address is tried as well;
    /// 250 milliseconds by default (RFC 8305 §5, which asks for 10 milliseconds at least and
    /// 2 seconds at most).
    #[must_use]
    pub fn attempt_delay(mut self, delay: Duration) -> Self {
        self.limits.attempt_delay = delay;
        self
    }

    /// How many addresses of a name are considered, from the front of the resolver's answer;
    /// 16 by default, at least 1 (`SE-23`).
    #[must_use]
    pub fn max_addresses(mut self, max: usize) -> Self {
        self.limits.max_addresses = max.max(1);
        self
    }

    /// Whether IPv6 targets are dialled; on by default. An IPv6 address is refused with `08`
    /// otherwise (`R5-67`), a name keeps its IPv4 addresses.
    #[must_use]
    pub fn ipv6(mut self, ipv6: bool) -> Self {
        self.limits.ipv6 = ipv6;
        self
    }

    /// From where connections leave unless a permit says otherwise. A source address holds for its
    /// own family alone and does not keep targets of the other one from being dialled.
    #[must_use]
    pub fn egress(mut self, egress: Egress) -> Self {
        self.egress = egress;
        self
    }

    /// After how much silence the peer is probed; 60 seconds by default, `None` for no probes
    /// (`SE-52`).
    #[must_use]
    pub fn keepalive(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.keepalive = Keepalive(idle.into());
        self
    }
}

impl<R: Resolver> Service<Connect> for TcpConnector<R> {
    type Response = Connected<TcpStream>;
    type Error = ConnectError;
    type Future = TcpConnectFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, connect: Connect) -> Self::Future {
        let egress = match &connect.permit.egress {
            Some(egress) => egress.or(&self.egress),
            None => self.egress.clone(),
        };
        let dial = TcpDial {
            egress,
            keepalive: self.keepalive.0,
        };
        let (resolver, limits) = (self.resolver.clone(), self.limits);
        TcpConnectFuture(Box::pin(async move {
            let (stream, remote) = establish(&resolver, &dial, &limits, &connect).await?;
            let bound = stream.local_addr()?;
            Ok(Connected::new(stream, bound).remote(remote))
        }))
    }
}

/// A connection under way.
///
/// # Cancel safety
///
/// Dropping it ends every attempt and closes its socket (`R5-62`).
#[must_use = "futures do nothing unless polled"]
pub struct TcpConnectFuture(
    Pin<Box<dyn Future<Output = Result<Connected<TcpStream>, ConnectError>> + Send>>,
);

impl Future for TcpConnectFuture {
    type Output = Result<Connected<TcpStream>, ConnectError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for TcpConnectFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnectFuture").finish_non_exhaustive()
    }
}
