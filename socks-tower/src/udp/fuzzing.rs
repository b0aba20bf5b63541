//! The decisions about datagrams, opened to `fuzz/` and to nobody else (`--cfg fuzzing`).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use socks_core::{
    Address, Domain,
    message::{Associate, ConnInfo, Endpoint, Identity, Permit, SessionId, Version},
};
use tokio::time::Instant;

use super::{
    DropReason, UdpRelay,
    batch::Settled,
    flow::{Flow, HEADROOM, Outlet},
};
use crate::Addrs;

/// An association without sockets, whose clock the caller moves.
pub struct RelayPath {
    flow: Flow,
    out: Out,
    now: Instant,
    arrived: u64,
}

const CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5000);

#[derive(Default)]
struct Out {
    sent: u64,
    lookups: Vec<Domain>,
    /// What is queued fails.
    fails: bool,
    settled: Vec<Settled>,
    last_target: Option<SocketAddr>,
}

impl Outlet for Out {
    fn to_target(&mut self, to: SocketAddr, _: &[u8]) -> io::Result<()> {
        assert_ne!(to.port(), 0, "UD-29");
        assert_eq!(to.ip().to_canonical(), to.ip(), "UD-31");
        self.sent += 1;
        self.last_target = Some(to);
        Ok(())
    }

    fn queue_to_target(&mut self, to: SocketAddr, data: &[u8]) {
        let result = match self.fails {
            true => Err(io::ErrorKind::NetworkUnreachable.into()),
            false => self.to_target(to, data),
        };
        self.settled.push(Settled::ToTarget {
            to,
            payload: data.len(),
            result,
        });
    }

    fn queue_to_client(&mut self, to: SocketAddr, datagram: &[u8], payload: usize) {
        assert_eq!(to.ip(), CLIENT.ip(), "UD-16");
        assert!(matches!(datagram, [0, 0, 0, 1 | 4, ..]), "UD-17, UD-18");
        self.sent += 1;
        let result = Ok(());
        self.settled.push(Settled::ToClient { payload, result });
    }

    fn resolve(&mut self, name: Domain) {
        self.lookups.push(name);
    }

    fn pin(&mut self, client: SocketAddr) {
        assert_eq!(client.ip(), CLIENT.ip(), "UD-5");
    }

    fn reaches(&self, _: SocketAddr) -> bool {
        true
    }
}

impl RelayPath {
    /// With or without reassembly of fragments, in 4 KiB.
    pub fn new(reassemble: bool) -> Self {
        let mut relay = UdpRelay::new().max_targets(8);
        if reassemble {
            relay = relay.reassemble(4096, 4096);
        }
        let conn = ConnInfo::new(
            SessionId(1),
            Version::Socks5,
            Endpoint::from(CLIENT),
            Endpoint::from(CLIENT),
        );
        let associate = Associate::new(
            Arc::new(conn),
            Arc::new(Identity::anonymous()),
            Address::UNSPECIFIED,
            Permit::new().filter(|addr: SocketAddr| !addr.ip().is_multicast()),
        );
        let now = Instant::now();
        Self {
            flow: Flow::new(relay.settings(), &associate, CLIENT.ip(), now),
            out: Out::default(),
            now,
            arrived: 0,
        }
    }

    /// A datagram on the client's side, from the client or from somebody else.
    pub fn from_client(&mut self, datagram: &[u8], foreign: bool) {
        self.arrived += 1;
        let before = self.out.sent;
        let source = match foreign {
            true => SocketAddr::new(Ipv4Addr::new(192, 0, 2, 66).into(), 5000),
            false => CLIENT,
        };
        self.flow
            .client_sent(datagram, source, self.now, &mut self.out);
        assert!(!foreign || self.out.sent == before, "UD-16");
        self.check();
    }

    /// A datagram from outside, from the last target or from a stranger.
    pub fn from_outside(&mut self, data: &[u8], stranger: bool) {
        self.arrived += 1;
        let stranger_addr = SocketAddr::new(Ipv4Addr::new(198, 51, 100, 66).into(), 53);
        let source = match self.out.last_target {
            Some(target) if !stranger => target,
            _ => stranger_addr,
        };
        let mut buffer = [&[0; HEADROOM], data].concat();
        let payload = HEADROOM..buffer.len();
        self.flow
            .outside_sent(&mut buffer, payload, source, self.now, &mut self.out);
        self.check();
    }

    /// The oldest lookup ends, with an address or without.
    pub fn resolve(&mut self, found: bool) {
        if self.out.lookups.is_empty() {
            return;
        }
        let name = self.out.lookups.remove(0);
        let addrs: Addrs = [IpAddr::from([203, 0, 113, 5])].into_iter().collect();
        let addrs = Some(&addrs).filter(|_| found);
        self.flow.resolved(&name, addrs, self.now, &mut self.out);
        self.check();
    }

    /// Time passes; true once the association is over.
    pub fn wait(&mut self, seconds: u8) -> bool {
        self.now += Duration::from_secs(seconds.into());
        let over = self.flow.expire(self.now);
        assert!(over || self.flow.deadline() > self.now, "no busy timer");
        over
    }

    /// From now on what is sent in batches fails, or not.
    pub fn fail(&mut self, fails: bool) {
        self.out.fails = fails;
    }

    /// The batch ends: nothing is relayed or counted more often than it came, and lookups stay
    /// bounded.
    fn check(&mut self) {
        for settled in self.out.settled.drain(..) {
            self.flow.settle(settled, self.now);
        }
        let counters = self.flow.counters();
        let dropped: u64 = DropReason::ALL
            .iter()
            .map(|reason| counters.dropped(*reason))
            .sum();
        assert!(self.out.sent <= self.arrived);
        // A fragment may be counted with the queue that it gave up.
        assert!(dropped <= 2 * self.arrived);
        assert!(self.out.lookups.len() <= 64, "UD-32");
    }
}
