use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use socks_core::{
    Address, Host,
    message::{Bind, Permit, Version},
};
use tower::ServiceExt;

use super::{BindError, BindErrorKind};
use crate::{Name, ResolveError, ResolveErrorKind, Resolver};

/// Addresses considered of a name, from the front of the resolver's answer (`SE-23`).
const MAX_ADDRESSES: usize = 16;

/// Who may connect.
#[derive(Clone)]
pub(super) enum Expected {
    /// Whoever the permit lets (`BI-4`); the zeros of the request tell the family.
    Any { zeros: IpAddr, permit: Permit },
    /// Any of these, which the permit lets. Never none.
    OneOf(Vec<IpAddr>),
}

impl Expected {
    /// The expected peer of a request. A name is resolved here, and not again (`BI-6`).
    pub(super) async fn of<R: Resolver>(resolver: R, bind: &Bind) -> Result<Self, BindError> {
        let port = bind.destination.port();
        let name = match &bind.destination {
            Address::Socket(addr) => return Self::literal(addr.ip(), bind),
            Address::Domain(domain, _) => match domain.canonical()? {
                Host::Ip(ip) => return Self::literal(ip, bind),
                Host::Domain(domain) => domain,
            },
        };
        if !bind.permit.permits_name(&name, port) {
            return Err(BindError::new(BindErrorKind::NotPermitted));
        }
        let requested = Address::Domain(name.clone(), port);
        let name = Name::new(name).conn(Arc::clone(&bind.conn));
        let addrs = resolver
            .oneshot(name)
            .await
            .map_err(|error| BindError::with_source(BindErrorKind::Resolve, error))?;
        // SOCKS4 could not tell its client about an IPv6 listener.
        let speakable = |ip: &IpAddr| ip.is_ipv4() || bind.conn.version == Version::Socks5;
        let mut addrs: Vec<_> = addrs.as_slice().iter().copied().filter(speakable).collect();
        if addrs.is_empty() {
            let error = ResolveError::new(ResolveErrorKind::NoAddresses);
            return Err(BindError::with_source(BindErrorKind::Resolve, error));
        }
        addrs.truncate(MAX_ADDRESSES);
        let permits = |ip: &IpAddr| {
            let addr = SocketAddr::new(*ip, port);
            bind.permit.permits_for(&requested, addr)
        };
        addrs.retain(permits);
        match addrs.is_empty() {
            true => Err(BindError::new(BindErrorKind::NotPermitted)),
            false => Ok(Self::OneOf(addrs)),
        }
    }

    fn literal(ip: IpAddr, bind: &Bind) -> Result<Self, BindError> {
        let ip = ip.to_canonical();
        if matches!(ip, IpAddr::V4(ip) if ip.is_broadcast()) {
            return Err(BindError::new(BindErrorKind::Extension));
        }
        if ip.is_unspecified() {
            let permit = bind.permit.clone();
            return Ok(Self::Any { zeros: ip, permit });
        }
        match bind
            .permit
            .permits(SocketAddr::new(ip, bind.destination.port()))
        {
            true => Ok(Self::OneOf(vec![ip])),
            false => Err(BindError::new(BindErrorKind::NotPermitted)),
        }
    }

    /// One address of each family that peers may come from, the preferred family first.
    pub(super) fn families(&self) -> impl Iterator<Item = IpAddr> + '_ {
        let addrs = match self {
            Self::Any { zeros, .. } => std::slice::from_ref(zeros),
            Self::OneOf(addrs) => addrs,
        };
        let first = addrs.first();
        let is_other = |ip: &&IpAddr| first.is_some_and(|first| first.is_ipv4() != ip.is_ipv4());
        let other = addrs.iter().find(is_other);
        first.into_iter().chain(other).copied()
    }

    /// Whether `peer` is who may connect. Its port says nothing (`BI-11`).
    pub(super) fn includes(&self, peer: SocketAddr) -> bool {
        match self {
            Self::Any { permit, .. } => permit.permits(peer),
            Self::OneOf(addrs) => addrs.contains(&peer.ip().to_canonical()),
        }
    }
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any { .. } => f.write_str("Any"),
            Self::OneOf(addrs) => f.debug_tuple("OneOf").field(addrs).finish(),
        }
    }
}
