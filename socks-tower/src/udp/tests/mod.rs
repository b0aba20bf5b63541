//! The decisions about datagrams, without sockets and with a clock of the tests' own.

mod fragments;
mod names;
mod properties;
mod replies;
mod source;
mod time;
mod verdicts;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use socks_core::{
    Address, Domain,
    message::{Associate, ConnInfo, Endpoint, Identity, Permit, SessionId, Version},
    v5::UdpHeader,
};
use tokio::time::Instant;

use super::{
    DropReason, UdpRelay,
    batch::Settled,
    flow::{Flow, HEADROOM, Outlet},
};
use crate::Addrs;

pub(super) const CLIENT: &str = "192.0.2.1:5000";
pub(super) const TARGET: &str = "198.51.100.1:53";

pub(super) fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(super) fn datagram(fragment: u8, destination: &str, data: &[u8]) -> Vec<u8> {
    let address = match destination.parse() {
        Ok(addr) => Address::Socket(addr),
        Err(_) => {
            let (name, port) = destination.rsplit_once(':').unwrap();
            Address::domain(name, port.parse().unwrap()).unwrap()
        }
    };
    let mut octets = Vec::new();
    UdpHeader { fragment, address }.encode(&mut octets);
    octets.extend(data);
    octets
}

/// What came out.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) to_target: Vec<(SocketAddr, Vec<u8>)>,
    pub(super) to_client: Vec<(SocketAddr, Vec<u8>)>,
    pub(super) lookups: Vec<Domain>,
    pub(super) pinned: Option<SocketAddr>,
    pub(super) settled: Vec<Settled>,
    pub(super) fail: Option<i32>,
    pub(super) no_ipv6: bool,
    pub(super) no_way_to: Option<SocketAddr>,
}

impl Outlet for Sent {
    fn to_target(&mut self, to: SocketAddr, data: &[u8]) -> io::Result<()> {
        if let Some(error) = self.fail {
            return Err(io::Error::from_raw_os_error(error));
        }
        if self.no_way_to == Some(to) {
            return Err(io::ErrorKind::NetworkUnreachable.into());
        }
        self.to_target.push((to, data.to_vec()));
        Ok(())
    }

    fn queue_to_target(&mut self, to: SocketAddr, data: &[u8]) {
        let (payload, result) = (data.len(), self.to_target(to, data));
        self.settled.push(Settled::ToTarget {
            to,
            payload,
            result,
        });
    }

    fn queue_to_client(&mut self, to: SocketAddr, datagram: &[u8], payload: usize) {
        self.to_client.push((to, datagram.to_vec()));
        let result = Ok(());
        self.settled.push(Settled::ToClient { payload, result });
    }

    fn resolve(&mut self, name: Domain) {
        self.lookups.push(name);
    }

    fn pin(&mut self, client: SocketAddr) {
        self.pinned = Some(client);
    }

    fn reaches(&self, to: SocketAddr) -> bool {
        to.is_ipv4() || !self.no_ipv6
    }
}

/// An association of the client at [`CLIENT`]'s address.
pub(super) struct Bench {
    pub(super) flow: Flow,
    pub(super) sent: Sent,
    pub(super) now: Instant,
}

impl Bench {
    pub(super) fn new(relay: UdpRelay) -> Self {
        Self::declared(relay, "0.0.0.0:0", Permit::new())
    }

    pub(super) fn permit(permit: Permit) -> Self {
        Self::declared(UdpRelay::new(), "0.0.0.0:0", permit)
    }

    pub(super) fn declared(relay: UdpRelay, declared: &str, permit: Permit) -> Self {
        let peer = Endpoint::from(addr("192.0.2.1:1111"));
        let local = Endpoint::from(addr("192.0.2.2:1080"));
        let conn = ConnInfo::new(SessionId(1), Version::Socks5, peer, local);
        let identity = Arc::new(Identity::anonymous());
        let declared = Address::Socket(addr(declared));
        let associate = Associate::new(Arc::new(conn), identity, declared, permit);
        let (now, ip) = (Instant::now(), addr(CLIENT).ip());
        Self {
            flow: Flow::new(relay.settings(), &associate, ip, now),
            sent: Sent::default(),
            now,
        }
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn settle(&mut self) {
        for settled in self.sent.settled.drain(..) {
            self.flow.settle(settled, self.now);
        }
    }

    /// The client sends from `source`.
    pub(super) fn send_from(&mut self, source: &str, datagram: &[u8]) {
        let source = addr(source);
        self.flow
            .client_sent(datagram, source, self.now, &mut self.sent);
        self.settle();
    }

    pub(super) fn send(&mut self, destination: &str, data: &[u8]) {
        self.send_from(CLIENT, &datagram(0, destination, data));
    }

    pub(super) fn reply(&mut self, source: &str, data: &[u8]) {
        let mut buffer = [&[0; HEADROOM], data].concat();
        let payload = HEADROOM..buffer.len();
        let source = addr(source);
        self.flow
            .outside_sent(&mut buffer, payload, source, self.now, &mut self.sent);
        self.settle();
    }

    pub(super) fn resolved(&mut self, name: &str, ips: &[&str]) {
        let name = Domain::try_from(name).unwrap();
        let ips = ips.iter().map(|ip| ip.parse::<IpAddr>().unwrap());
        let addrs: Addrs = ips.collect();
        let addrs = Some(&addrs).filter(|addrs| !addrs.as_slice().is_empty());
        self.flow.resolved(&name, addrs, self.now, &mut self.sent);
        self.settle();
    }

    pub(super) fn dropped(&self, reason: DropReason) -> u64 {
        self.flow.counters().dropped(reason)
    }

    pub(super) fn all_dropped(&self) -> u64 {
        DropReason::ALL
            .iter()
            .map(|reason| self.dropped(*reason))
            .sum()
    }
}
