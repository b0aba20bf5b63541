//! DNS rebinding: whoever runs a domain's DNS server says that a name is a public address when it is
//! judged, and that it is 127.0.0.1 when it is used.
//!
//! Nothing here leaves the machine. `127.1.0.0/16` stands for the world outside: the safe default is
//! told to allow it, and somebody listens there; somebody else listens on `127.0.0.1` and `::1`,
//! which stay closed.

mod dns;
mod hosts;
mod plan;
mod wrong;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use socks_acl::SafeDefault;
use socks_tower::{
    Association, Connector, SocksService, TcpConnector, UdpRelay,
    udp::{DropReason, UdpCounters},
};
use support::{Peer, Server, UdpPeer};
use tokio::{net::TcpStream, sync::mpsc};
use tower::ServiceExt;

use self::{
    dns::Dns,
    hosts::Hosts,
    plan::{PUBLIC, attempt},
};

const TRIES: usize = 1_000;

fn public() -> IpAddr {
    PUBLIC.parse().unwrap()
}

/// Refuses loopback to all, but for what stands for the outside.
fn access() -> SafeDefault {
    let outside = "127.1.0.0/16".parse().unwrap();
    SafeDefault::new()
        .trust_local_listeners(false)
        .allow([outside])
}

/// The server's answer to one request for a name, and where it then went.
async fn connect(server: &mut Server, name: &str, port: u16) -> (u8, Option<SocketAddr>) {
    let script = Peer::script().greet([0]).expect_method(0);
    let script = script.connect(&format!("{name}:{port}"));
    let mut peer = script.run(server.addr).await;
    let code = peer.read(10).await[1];
    if code == 0 {
        peer.send(b"x").await;
        peer.finish().await;
    }
    drop(peer);
    (code, server.report().await.remote)
}

fn serving(connector: impl Connector<TcpStream>) -> SocksService {
    SocksService::new(connector).access(access())
}

/// SE-12, SE-4, SE-9: whatever a name's DNS server says, and whenever, CONNECT never gets to
/// loopback; where one of the addresses may be dialled, that one is.
#[tokio::test]
async fn connect_never_gets_to_loopback() {
    let (dns, hosts) = (Dns::start().await, Hosts::start().await);
    let connector = TcpConnector::new().resolver(dns.resolver());
    let mut server = Server::start(serving(connector)).await;
    for number in 0..TRIES {
        let (name, plan) = attempt(number);
        for turn in [0, 1] {
            let expected = match plan.is_open(turn) {
                true => (0, Some(SocketAddr::new(public(), hosts.port))),
                false => (2, None),
            };
            let heard = connect(&mut server, &name, hosts.port).await;
            assert_eq!(heard, expected, "{plan:?}, {turn}");
        }
    }
    assert_eq!(hosts.intruders().await, 0);
}

/// An association, its control connection and its counters.
struct Client {
    peer: UdpPeer,
    counters: Arc<UdpCounters>,
    _server: Server,
    _control: Peer,
}

impl Client {
    async fn start(socks: SocksService, udp: UdpRelay<impl socks_tower::Resolver>) -> Self {
        let (sender, mut counters) = mpsc::unbounded_channel();
        let udp = udp.map_response(move |association: Association| {
            let _ = sender.send(association.datagrams.clone());
            association
        });
        let server = Server::start(socks.udp_relayer(udp)).await;
        let script = Peer::script().greet([0]).expect_method(0);
        let script = script.udp_associate("0.0.0.0:0").expect_reply(0);
        let control = script.run(server.addr).await;
        Self {
            peer: UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await,
            counters: counters.recv().await.unwrap(),
            _server: server,
            _control: control,
        }
    }

    fn counted(&self) -> [u64; 3] {
        let all = DropReason::ALL.iter();
        let all: u64 = all.map(|reason| self.counters.dropped(*reason)).sum();
        let refused = self.counters.dropped(DropReason::NotPermitted);
        [self.counters.sent(), refused, all - refused]
    }

    /// Sends a datagram to a name and waits until it is counted: sent, refused, or dropped for
    /// another reason.
    async fn send(&self, name: &str, port: u16) -> [u64; 3] {
        let before = self.counted();
        self.peer.send(&format!("{name}:{port}"), b"x").await;
        let counted = async {
            while self.counted() == before {
                tokio::task::yield_now().await;
            }
        };
        let guard = tokio::time::timeout(Duration::from_secs(20), counted);
        guard.await.expect("every datagram is counted");
        let after = self.counted();
        [0, 1, 2].map(|which| after[which] - before[which])
    }
}

/// No association keeps an answer, so that every datagram has the name looked up.
fn relay(dns: &Dns) -> UdpRelay<impl socks_tower::Resolver + use<>> {
    let relay = UdpRelay::new().resolver(dns.resolver());
    relay.name_cache(Duration::ZERO, 1)
}

fn no_tcp() -> SocksService {
    serving(TcpConnector::new())
}

/// SE-12, SE-4, SE-9, UD-28: the same for datagrams, whether the association keeps answers or not.
#[tokio::test]
async fn datagrams_never_get_to_loopback() {
    let (dns, hosts) = (Dns::start().await, Hosts::start().await);
    let keeping = UdpRelay::new().resolver(dns.resolver());
    let keeping = keeping.name_cache(Duration::from_secs(3_600), 64);
    let mut sent = 0;
    for (keeps, tries, client) in [
        (false, TRIES, Client::start(no_tcp(), relay(&dns)).await),
        (true, TRIES / 10, Client::start(no_tcp(), keeping).await),
    ] {
        for number in 0..tries {
            let (name, plan) = attempt(number);
            let name = format!("{}.{name}", if keeps { "keeps" } else { "asks" });
            for turn in [0, 1] {
                let expected = match plan.is_open(if keeps { 0 } else { turn }) {
                    true => [1, 0, 0],
                    false => [0, 1, 0],
                };
                let heard = client.send(&name, hosts.port).await;
                assert_eq!(heard, expected, "{plan:?}, {turn}");
                sent += usize::from(expected == [1, 0, 0]);
            }
        }
    }
    assert_eq!(hosts.intruders().await, 0);
    assert_eq!(hosts.datagrams().await, sent);
}

/// That the tests above can fail: a connector that resolves a name once to judge it and once to dial
/// it gets to loopback.
#[tokio::test]
async fn a_second_lookup_is_noticed() {
    let (dns, hosts) = (Dns::start().await, Hosts::start().await);
    let mut server = Server::start(serving(wrong::connector(dns.resolver()))).await;
    let (name, plan) = attempt(0);
    assert_eq!(plan.name, "flip");
    let (_, remote) = connect(&mut server, &name, hosts.port).await;
    assert_eq!(
        remote.map(|addr| addr.to_string()),
        Some(format!("127.0.0.1:{}", hosts.port))
    );
    assert_eq!(hosts.intruders().await, 1);
}

/// The same for datagrams: a filter that judges a name's first answer alone lets the second through.
#[tokio::test]
async fn a_verdict_that_outlives_its_answer_is_noticed() {
    let (dns, hosts) = (Dns::start().await, Hosts::start().await);
    let socks = no_tcp().access(wrong::access());
    let client = Client::start(socks, relay(&dns)).await;
    let (name, _) = attempt(0);
    for _ in 0..2 {
        assert_eq!(client.send(&name, hosts.port).await, [1, 0, 0]);
    }
    assert_eq!(hosts.intruders().await, 1);
}
