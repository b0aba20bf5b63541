use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use socks_core::{Address, Domain, Host, message::Connect};
use tower::ServiceExt;

use super::{
    ConnectError, ConnectErrorKind,
    dial::Dial,
    race::{interleave, race},
};
use crate::{Name, ResolveError, ResolveErrorKind, Resolver};

/// How a connection is established.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of everything from the lookup to the connection.
    pub(super) timeout: Duration,
    /// Between the starts of two attempts.
    pub(super) attempt_delay: Duration,
    pub(super) max_addresses: usize,
    pub(super) ipv6: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            attempt_delay: Duration::from_millis(250),
            max_addresses: 16,
            ipv6: true,
        }
    }
}

/// Resolves, checks and dials (`SE-12`), within the deadline (`R5-61`).
// What an async function takes by value it has twice, and each connection under way has one of these.
pub(super) async fn establish<R: Resolver, D: Dial>(
    resolver: &R,
    dial: &D,
    limits: &Limits,
    connect: &Connect,
) -> Result<(D::Stream, SocketAddr), ConnectError> {
    let dialled = async {
        let (name, port) = match &connect.destination {
            Address::Socket(addr) => return literal(dial, limits, connect, *addr).await,
            Address::Domain(domain, port) => (domain.canonical()?, *port),
        };
        // Boxed, so that a literal address, which is nearly always what comes, does not make room for
        // names.
        Box::pin(async move {
            match name {
                Host::Ip(ip) => literal(dial, limits, connect, SocketAddr::new(ip, port)).await,
                Host::Domain(name) => named(dial, resolver, limits, connect, name, port).await,
            }
        })
        .await
    };
    tokio::time::timeout(limits.timeout, dialled)
        .await
        .map_err(|_| ConnectError::new(ConnectErrorKind::TimedOut))?
}

async fn literal<D: Dial>(
    dial: &D,
    limits: &Limits,
    connect: &Connect,
    mut addr: SocketAddr,
) -> Result<(D::Stream, SocketAddr), ConnectError> {
    // A mapped address is dialled as the IPv4 address that it is judged as (SE-9).
    addr.set_ip(addr.ip().to_canonical());
    if !connect.permit.permits(addr) {
        return Err(ConnectError::new(ConnectErrorKind::NotPermitted));
    }
    if addr.is_ipv6() && !limits.ipv6 {
        return Err(ConnectError::new(ConnectErrorKind::FamilyDisabled));
    }
    Ok((dial.dial(addr).await?, addr))
}

async fn named<R: Resolver, D: Dial>(
    dial: &D,
    resolver: &R,
    limits: &Limits,
    connect: &Connect,
    name: Domain,
    port: u16,
) -> Result<(D::Stream, SocketAddr), ConnectError> {
    // Asked here although the access controller has seen the name: it may have put another in its
    // place, a layer may have added a filter, and the rules may have changed meanwhile.
    if !connect.permit.permits_name(&name, port) {
        return Err(ConnectError::new(ConnectErrorKind::NotPermitted));
    }
    let requested = Address::Domain(name.clone(), port);
    let name = Name::new(name).conn(Arc::clone(&connect.conn));
    let addrs = resolve(resolver, limits, name).await?;
    let permitted = addrs
        .into_iter()
        .map(|ip| SocketAddr::new(ip, port))
        .filter(|addr| connect.permit.permits_for(&requested, *addr));
    let addrs = interleave(permitted);
    race(dial, &addrs, limits.attempt_delay).await
}

/// The addresses of a name that could be dialled; never none.
async fn resolve<R: Resolver>(
    resolver: &R,
    limits: &Limits,
    name: Name,
) -> Result<Vec<IpAddr>, ConnectError> {
    let addrs = resolver
        .clone()
        .oneshot(name)
        .await
        .map_err(ConnectError::resolve)?;
    let usable: Vec<_> = addrs
        .as_slice()
        .iter()
        .copied()
        .filter(|ip| ip.is_ipv4() || limits.ipv6)
        .take(limits.max_addresses)
        .collect();
    if usable.is_empty() {
        let error = ResolveError::new(ResolveErrorKind::NoAddresses);
        return Err(ConnectError::resolve(error));
    }
    Ok(usable)
}
