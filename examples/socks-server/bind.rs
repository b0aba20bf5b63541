//! BIND, from what was configured.

use std::net::{IpAddr, SocketAddr};

use socks_core::message::{ConnInfo, Egress};
use socks_tower::{Strangers, TcpBinder};

use crate::{config, settings::egress, value::Ports};

#[derive(Debug)]
pub struct Bind {
    pub any_peer: bool,
    strangers: Strangers,
    egress: Egress,
    advertised: (Option<IpAddr>, Option<IpAddr>),
    ports: Option<Ports>,
    excluded_ports: Vec<u16>,
    listeners: usize,
    listeners_per_client: usize,
}

impl Bind {
    /// Peers find the client where its other connections come from, unless told otherwise.
    pub fn new(bind: &config::Bind, default: &config::Egress) -> Self {
        let mut egress = egress(default);
        egress.ipv4 = bind.external_ipv4.or(egress.ipv4);
        egress.ipv6 = bind.external_ipv6.or(egress.ipv6);
        Self {
            any_peer: bind.any_peer.unwrap_or(false),
            strangers: bind.strangers.unwrap_or_default().into(),
            egress,
            advertised: (
                bind.advertised_ipv4.map(IpAddr::V4),
                bind.advertised_ipv6.map(IpAddr::V6),
            ),
            ports: bind.ports.clone(),
            excluded_ports: bind.excluded_ports.clone().unwrap_or_default(),
            listeners: bind.listeners.map_or(1000, |count| count.get().into()),
            listeners_per_client: bind
                .listeners_per_client
                .map_or(2, |count| count.get().into()),
        }
    }

    /// `own` are the TCP listeners of this server, whose ports are never a client's (`SE-60`).
    pub fn binder(&self, own: &[SocketAddr]) -> TcpBinder {
        let (ipv4, ipv6) = self.advertised;
        let advertised = move |_: &ConnInfo, listening: SocketAddr| {
            let advertised = if listening.is_ipv4() { ipv4 } else { ipv6 };
            advertised.unwrap_or(listening.ip())
        };
        let own = own.iter().map(|own| own.port());
        let binder = TcpBinder::new()
            .strangers(self.strangers)
            .egress(self.egress.clone())
            .advertise(advertised)
            .exclude_ports(own.chain(self.excluded_ports.iter().copied()))
            .max_total(self.listeners)
            .max_per_client(self.listeners_per_client);
        match &self.ports {
            Some(Ports(ports)) => binder.ports(ports.clone()),
            None => binder,
        }
    }
}
