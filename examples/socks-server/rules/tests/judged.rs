//! What becomes of sessions when rules change.

use std::net::{IpAddr, SocketAddr};

use socks_acl::{Acl, RuleFile, Rules};
use socks_core::message::TlsPeer;
use socks_tower::{
    Addrs, BoxError, Incoming, Name, SessionEnd, Sessions, SocksService, TcpBinder, TcpConnector,
    UdpRelay, sessions::Judged,
};
use support::{Peer, Script, Server, Target};
use tokio::net::{TcpSocket, TcpStream};
use tower::{Layer, service_fn, util::MapRequestLayer};

use super::super::{RefusedSessions, judged::judge};

fn rules(text: &str) -> Rules {
    let text = format!("safe_default.allow = \"127.0.0.0/8\"\n{text}");
    let rules = RuleFile::parse("rules", &text).and_then(|file| file.rules());
    rules.unwrap_or_else(|error| panic!("{error}"))
}

/// Every name is at 127.0.0.1.
async fn resolve(_: Name) -> Result<Addrs, BoxError> {
    Ok(Addrs::from_iter([IpAddr::from([127, 0, 0, 1])]))
}

struct Fixture {
    acl: Acl,
    sessions: Sessions,
    server: Server,
}

impl Fixture {
    /// Every client comes over TLS, as far as it is told.
    async fn new(text: &str) -> Self {
        let acl = Acl::new(rules(text));
        let resolver = service_fn(resolve);
        let relay = UdpRelay::new().bind(IpAddr::from([127, 0, 0, 1]));
        let socks = SocksService::new(TcpConnector::new().resolver(resolver))
            .access(acl.clone())
            .binder(TcpBinder::new().resolver(resolver))
            .udp_relayer(relay);
        let sessions = Sessions::new();
        let tls = MapRequestLayer::new(|mut incoming: Incoming<TcpStream>| {
            incoming.extensions.insert(TlsPeer::new());
            incoming
        });
        let service = tls.layer(sessions.layer().layer(socks));
        Self {
            acl,
            sessions,
            server: Server::start(service).await,
        }
    }

    /// How many sessions go on by these rules.
    fn replace(&self, text: &str) -> Judged {
        self.acl.replace(rules(text));
        let judge = judge(self.acl.clone(), None, RefusedSessions::Cut);
        self.sessions.judge_again(judge)
    }
}

fn requesting() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

/// SE-1: what is not known yet of a connection does not end it; it is judged when it is known.
#[tokio::test]
async fn a_handshake_goes_on() {
    let mut fixture = Fixture::new("[[request]]\nverdict = \"allow\"").await;
    let target = Target::echo().await;
    let mut silent = TcpSocket::new_v4()
        .unwrap()
        .connect(fixture.server.addr)
        .await
        .unwrap();
    while fixture.sessions.is_empty() {
        tokio::task::yield_now().await;
    }
    let tls = "[[accept]]\ntls = true\nverdict = \"allow\"\n[[request]]\nverdict = \"allow\"";
    let judged = fixture.replace(tls);
    assert_eq!((judged.kept, judged.cut), (1, 0));
    let clear = "[[accept]]\ntls = false\nverdict = \"allow\"\n[[request]]\nverdict = \"allow\"";
    fixture.replace(clear);
    let script = requesting().connect(&target.addr.to_string());
    let _peer = script.run_over(&mut silent).await;
    let end = fixture.server.report().await.end;
    assert!(matches!(end, SessionEnd::Ended(_)), "{end:?}");
}

/// SE-1, SE-4: a tunnel to where a rule has led is no tunnel to where rules lead now, whatever that
/// is allowed.
#[tokio::test]
async fn a_rewritten_destination() {
    let (old, new) = (Target::echo().await, Target::echo().await);
    let to = |port: Option<SocketAddr>| {
        let rewrite = port.map(|addr| format!("rewrite = \"{addr}\"\n"));
        format!(
            "[[request]]\ndestination = \"a.example\"\nverdict = \"allow\"\n{}\
             [[request]]\naddress = \"127.0.0.1\"\nverdict = \"allow\"",
            rewrite.unwrap_or_default()
        )
    };
    for (before, after, kept) in [
        (Some(old.addr), Some(old.addr), 1),
        (Some(old.addr), Some(new.addr), 0),
        (Some(old.addr), None, 0),
        (None, Some(new.addr), 0),
        (None, None, 1),
    ] {
        let fixture = Fixture::new(&to(before)).await;
        let script = requesting().connect(&format!("a.example:{}", old.addr.port()));
        let _peer = script.expect_reply(0).run(fixture.server.addr).await;
        let judged = fixture.replace(&to(after));
        assert_eq!(judged.kept, kept, "{before:?} {after:?}");
    }
}

/// SE-1, SE-57: the peer of a BIND is judged by the rules for requests, too, as it was when it came.
#[tokio::test]
async fn the_peer_of_a_bind() {
    let text = |denied: &str| {
        format!(
            "[[request]]\naddress = \"{denied}\"\nverdict = \"deny\"\n\
             [[request]]\ncommand = \"bind\"\nany_peer = true\nverdict = \"allow\"\n\
             [[bind_peer]]\nverdict = \"allow\""
        )
    };
    for expected in ["0.0.0.0:0", "a.example:0"] {
        let fixture = Fixture::new(&text("127.0.0.9")).await;
        let mut peer = requesting().bind(expected).run(fixture.server.addr).await;
        let reply = peer.read(10).await;
        let port = u16::from_be_bytes([reply[8], reply[9]]);
        let _remote = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert_eq!(peer.read(10).await[1], 0);
        assert_eq!(fixture.replace(&text("127.0.0.9")).kept, 1, "{expected}");
        assert_eq!(fixture.replace(&text("127.0.0.1")).cut, 1, "{expected}");
    }
}

/// SE-1: an association whose datagrams would all be refused, because its rule grants something else
/// now, ends.
#[tokio::test]
async fn an_association_that_is_granted_something_else() {
    let text = |limits: &str| format!("[[request]]\nverdict = \"allow\"\nlimits = [{limits}]");
    let fixture = Fixture::new(&text("\"slow\"")).await;
    let script = requesting().udp_associate("0.0.0.0:0").expect_reply(0);
    let _peer = script.run(fixture.server.addr).await;
    assert_eq!(fixture.replace(&text("\"slow\"")).kept, 1);
    assert_eq!(fixture.replace(&text("\"fast\"")).cut, 1);
}
