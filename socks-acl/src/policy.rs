use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};
use socks_core::{Domain, message::Endpoint};

use crate::{
    Nat64Prefix, Refusal, SpecialPurpose, embedded::embedded, own::Own, special_purpose::Reach,
};

/// The settings of a [`SafeDefault`](crate::SafeDefault), and what they say about one address.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) allow_private: bool,
    pub(crate) allow_local: bool,
    pub(crate) trust_local_listeners: bool,
    pub(crate) bind: bool,
    pub(crate) bind_any_peer: bool,
    pub(crate) allow: Vec<IpNet>,
    pub(crate) deny: Vec<IpNet>,
    pub(crate) nat64: Vec<Nat64Prefix>,
    pub(crate) attached: Vec<Ipv4Net>,
    pub(crate) own: Own,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow_private: false,
            allow_local: false,
            trust_local_listeners: true,
            bind: false,
            bind_any_peer: false,
            allow: Vec::new(),
            deny: Vec::new(),
            nat64: Vec::new(),
            attached: Vec::new(),
            own: Own::default(),
        }
    }
}

impl Policy {
    /// Judges `addr` for clients of the listener `local`, and each IPv4 address inside it: all
    /// must pass (`SE-9`).
    pub(crate) fn judge(&self, local: &Endpoint, addr: SocketAddr) -> Result<(), Refusal> {
        let ip = addr.ip().to_canonical();
        self.judge_one(local, ip, addr.port())?;
        match ip {
            IpAddr::V4(_) => Ok(()),
            IpAddr::V6(ip) => embedded(ip, &self.nat64)
                .try_for_each(|inside| self.judge_one(local, inside.into(), addr.port())),
        }
    }

    /// `localhost` and names below it stand for both loopback addresses (RFC 6761 §6.3), so one
    /// of them must pass. Other names are judged as what they resolve to.
    pub(crate) fn judge_name(
        &self,
        local: &Endpoint,
        name: &Domain,
        port: u16,
    ) -> Result<(), Refusal> {
        let loopback = [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ];
        let reached = |ip| self.judge(local, SocketAddr::new(ip, port)).is_ok();
        match is_localhost(name) && !loopback.into_iter().any(reached) {
            true => Err(Refusal::LocalName),
            false => Ok(()),
        }
    }

    // The order matters: what is never open comes before the application's own networks, and
    // those before the ranges.
    pub(crate) fn judge_one(&self, local: &Endpoint, ip: IpAddr, port: u16) -> Result<(), Refusal> {
        let listener = local.socket_addr();
        let range = SpecialPurpose::of(ip);
        let closed = |range: &SpecialPurpose| !self.opens(local, range.reach());
        if covered(&self.deny, ip) {
            return Err(Refusal::DeniedNetwork);
        }
        if let Some(range) = range.filter(|range| range.reach() == Reach::Never) {
            return Err(Refusal::SpecialPurpose(range));
        }
        if self.attached.iter().any(|net| is_broadcast(net, ip)) {
            return Err(Refusal::DirectedBroadcast);
        }
        if self.own.is_listener(listener, ip, port) {
            return Err(Refusal::OwnListener);
        }
        if covered(&self.allow, ip) || self.is_translated(ip) {
            return Ok(());
        }
        if let Some(range) = range.filter(closed) {
            return Err(Refusal::SpecialPurpose(range));
        }
        if self.own.is_address(listener, ip) && !self.opens(local, Reach::Host) {
            return Err(Refusal::OwnAddress);
        }
        Ok(())
    }

    fn opens(&self, local: &Endpoint, reach: Reach) -> bool {
        let host = self.allow_local || self.trust_local_listeners && local.is_local();
        match reach {
            Reach::Host => host,
            Reach::Network => host || self.allow_private,
            Reach::Listed | Reach::Never => false,
        }
    }

    /// Whether a configured NAT64 prefix holds `ip`, whose own range then says nothing.
    fn is_translated(&self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(_) => false,
            IpAddr::V6(ip) => self.nat64.iter().any(|prefix| prefix.contains(ip)),
        }
    }
}

/// Writes a network of IPv4-mapped addresses as IPv4, the form in which addresses are judged.
pub(crate) fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(mapped) = net else { return net };
    let v4 = mapped.addr().to_ipv4_mapped();
    let len = mapped.prefix_len().checked_sub(96);
    v4.zip(len)
        .and_then(|(ip, len)| Ipv4Net::new(ip, len).ok())
        .map_or(net, IpNet::V4)
}

fn covered(nets: &[IpNet], ip: IpAddr) -> bool {
    nets.iter().any(|net| net.contains(&ip))
}

/// Networks of two addresses or one have no broadcast address (RFC 3021).
fn is_broadcast(net: &Ipv4Net, ip: IpAddr) -> bool {
    net.prefix_len() < 31 && net.broadcast() == ip
}

fn is_localhost(name: &Domain) -> bool {
    let name = name.as_bytes();
    let name = name.strip_suffix(b".").unwrap_or(name);
    let last = name.rsplit(|octet| *octet == b'.').next();
    last.is_some_and(|label| label.eq_ignore_ascii_case(b"localhost"))
}
