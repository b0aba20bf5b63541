use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
};

use ipnet::{IpNet, Ipv4Net};
use socks_core::{
    Address, Command,
    message::{AccessPoint, AccessRequest, Endpoint, Permit, Verdict},
};
use tower_service::Service;

use crate::{
    Nat64Prefix, Refusal,
    policy::{Policy, canonical},
};

/// Allows public destinations and refuses what a proxy must not be used to reach: its own machine,
/// the network around it and cloud metadata (`SE-5`…`SE-12`).
///
/// An address is judged at once. A name is allowed, and the [`Permit`] judges each address that it
/// resolves to when it is about to be used, so a name that points inside is refused like the
/// address (`SE-12`). IPv6 addresses are judged by their own bits and by each IPv4 address that
/// they carry: IPv4-mapped, IPv4-compatible, NAT64, 6to4, Teredo, ISATAP (`SE-9`).
///
/// What opens which ranges of [`SpecialPurpose`](crate::SpecialPurpose):
///
/// | | opened by |
/// |---|---|
/// | private, shared, unique local, site-local, protocol assignment, documentation, benchmarking | [`allow_private`](Self::allow_private), [`allow_local`](Self::allow_local), a local listener |
/// | loopback, link-local, cloud metadata, the proxy's own addresses | [`allow_local`](Self::allow_local), a local listener |
/// | all of these, and local NAT64 | [`allow`](Self::allow), network by network |
/// | this network, multicast, broadcast, directed broadcast, reserved, the proxy's own listeners | nothing |
///
/// A listener is local if only this machine reaches it, because it is on loopback or a unix
/// socket. [`trust_local_listeners`](Self::trust_local_listeners) takes that away.
///
/// | command | judged |
/// |---|---|
/// | CONNECT, RESOLVE, RESOLVE_PTR | the destination |
/// | BIND | refused unless [`bind`](Self::bind) grants it; then the expected peer, and whoever has connected ([`AccessPoint::BindPeer`]) |
/// | UDP ASSOCIATE | each datagram's destination; the request only says where the client sends from |
///
/// Clones share the settings. One judgement compares an address with a few lists and allocates
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct SafeDefault {
    policy: Arc<Policy>,
}

impl SafeDefault {
    /// The defaults: nothing is opened but for local listeners.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the ranges of private networks (`SE-8`). Loopback and cloud metadata stay closed.
    #[must_use]
    pub fn allow_private(self, allow: bool) -> Self {
        self.with(|policy| policy.allow_private = allow)
    }

    /// Opens what local listeners open, for clients of every listener: private networks, loopback,
    /// link-local and cloud metadata. **Dangerous** unless all clients are trusted with the
    /// proxy's machine.
    #[must_use]
    pub fn allow_local(self, allow: bool) -> Self {
        self.with(|policy| policy.allow_local = allow)
    }

    /// Whether clients of a local listener reach what this machine reaches, as they do without the
    /// proxy. On by default; turn it off if something forwards outside clients to that listener,
    /// such as a TLS terminator or a tunnel.
    #[must_use]
    pub fn trust_local_listeners(self, trust: bool) -> Self {
        self.with(|policy| policy.trust_local_listeners = trust)
    }

    /// Opens these networks, whatever range they belong to, the last row of the table excepted.
    /// Adds up over calls.
    #[must_use]
    pub fn allow(self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.with(|policy| policy.allow.extend(networks.into_iter().map(canonical)))
    }

    /// Closes these networks, whatever else opens them. Adds up over calls.
    #[must_use]
    pub fn deny(self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.with(|policy| policy.deny.extend(networks.into_iter().map(canonical)))
    }

    /// Reads these prefixes as NAT64: an address of theirs is judged as the IPv4 address that it
    /// carries (`SE-9`). `64:ff9b::/96` is always known. Adds up over calls.
    #[must_use]
    pub fn nat64(self, prefixes: impl IntoIterator<Item = Nat64Prefix>) -> Self {
        self.with(|policy| policy.nat64.extend(prefixes))
    }

    /// Refuses the broadcast addresses of these networks (`SE-10`). Adds up over calls.
    #[must_use]
    pub fn attached_networks(self, networks: impl IntoIterator<Item = Ipv4Net>) -> Self {
        self.with(|policy| policy.attached.extend(networks))
    }

    /// Refuses these listeners of the proxy, such as a management interface. The one that the
    /// client is connected to need not be listed, but for a server behind a PROXY header. A port
    /// is refused on every known address of the proxy, so `0.0.0.0` will do for the address
    /// (`SE-11`). Adds up over calls.
    #[must_use]
    pub fn own_listeners(self, listeners: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.with(|policy| policy.own.listeners.extend(listeners))
    }

    /// Refuses these addresses of the proxy's machine: those that it does not listen on, or that
    /// address translation gives it (`SE-11`). Adds up over calls.
    #[must_use]
    pub fn own_addresses(self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.with(|policy| policy.own.addresses.extend(addresses))
    }

    /// Grants BIND for expected peers that could be connected to as well (`SE-55`). Off by
    /// default.
    #[must_use]
    pub fn bind(self, grant: bool) -> Self {
        self.with(|policy| policy.bind = grant)
    }

    /// Grants BIND, if [`bind`](Self::bind) does, for an expected peer of zeros too, which means
    /// whoever comes (`SE-58`). The peer that comes is judged still. Off by default.
    #[must_use]
    pub fn bind_any_peer(self, grant: bool) -> Self {
        self.with(|policy| policy.bind_any_peer = grant)
    }

    /// Judges a request: the service's answer, with the reason for the log.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub fn check(&self, request: &AccessRequest) -> Result<Permit, Refusal> {
        let policy = &self.policy;
        let judged = match request.command {
            Command::UdpAssociate => false,
            Command::Bind if !policy.bind => return Err(Refusal::Bind),
            // Zeros mean any peer in a request only: nobody connects from there.
            Command::Bind
                if request.point == AccessPoint::Request && is_any_peer(&request.destination) =>
            {
                match policy.bind_any_peer {
                    true => false,
                    false => return Err(Refusal::BindAnyPeer),
                }
            }
            Command::Connect | Command::Bind | Command::Resolve | Command::ResolvePtr => true,
            _ => return Err(Refusal::Command),
        };
        let local = &request.conn.local;
        match &request.destination {
            Address::Socket(addr) if judged => policy.judge(local, *addr)?,
            Address::Domain(name, port) if judged => policy.judge_name(local, name, *port)?,
            _ => {}
        }
        let (policy, conn) = (Arc::clone(policy), Arc::clone(&request.conn));
        Ok(Permit::new().filter(move |addr| policy.judge(&conn.local, addr).is_ok()))
    }

    /// Judges one address for clients of the listener `local`, as the [`Permit`] does.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub fn check_address(&self, local: &Endpoint, addr: SocketAddr) -> Result<(), Refusal> {
        self.policy.judge(local, addr)
    }

    pub(crate) fn policy(self) -> Arc<Policy> {
        self.policy
    }

    fn with(mut self, set: impl FnOnce(&mut Policy)) -> Self {
        set(Arc::make_mut(&mut self.policy));
        self
    }
}

fn is_any_peer(destination: &Address) -> bool {
    matches!(destination, Address::Socket(addr) if addr.ip().to_canonical().is_unspecified())
}

impl Service<AccessRequest> for SafeDefault {
    type Response = Verdict;
    type Error = Infallible;
    type Future = Ready<Result<Verdict, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AccessRequest) -> Self::Future {
        let checked = self.check(&request);
        ready(Ok(checked.map_or_else(
            |refusal| Verdict::Deny(refusal.code().into()),
            Verdict::Allow,
        )))
    }
}
