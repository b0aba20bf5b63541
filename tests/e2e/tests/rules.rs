//! Rules of a file in a server: what clients are told, whom they reach, and what happens when the rules
//! change under an association.

use std::net::{IpAddr, SocketAddr};

use e2e::with_login;
use socks_acl::{Acl, RuleFile, Rules};
use socks_tower::{
    Addrs, BoxError, Name, SessionEnd, SocksService, TcpBinder, TcpConnector, UdpRelay,
};
use support::{Peer, Script, Server, Target, UdpEcho, UdpPeer};
use tokio::net::TcpSocket;
use tower::service_fn;

/// Everything listens on loopback here, so it is opened where clients come from elsewhere.
const OPEN: &str = "safe_default.allow = [\"127.0.0.0/8\"]\n";

fn rules(text: &str) -> Rules {
    let file = RuleFile::parse("rules", &format!("{OPEN}{text}"));
    let rules = file.and_then(|file| file.rules());
    rules.unwrap_or_else(|error| panic!("{error}"))
}

/// `127-0-0-2.example` is at 127.0.0.2, and `both.example` there and at 127.0.0.1.
async fn resolve(name: Name) -> Result<Addrs, BoxError> {
    let host = name.as_str().split('.').next().unwrap_or_default();
    let addrs = match host {
        "both" => vec!["127.0.0.2".to_owned(), "127.0.0.1".to_owned()],
        host => vec![host.replace('-', ".")],
    };
    let addrs = addrs.iter().map(|ip| ip.parse::<IpAddr>());
    Ok(addrs.collect::<Result<Addrs, _>>()?)
}

fn socks(acl: &Acl) -> SocksService {
    let resolver = service_fn(resolve);
    SocksService::new(TcpConnector::new().resolver(resolver))
        .access(acl.clone())
        .binder(TcpBinder::new().resolver(resolver))
        .udp_relayer(
            UdpRelay::new()
                .bind(IpAddr::from([127, 0, 0, 1]))
                .resolver(resolver),
        )
}

fn requesting() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

/// SE-3, SE-4, SE-12, SE-41: the first rule that matches decides, with its reply; a name is judged, and
/// of its addresses only those that the rules allow are dialled.
#[tokio::test]
async fn names_and_addresses() {
    let acl = Acl::new(rules(
        "[[request]]\nname = \"closed\"\nport = 25\nverdict = \"deny\"\nreply = \"connection-refused\"\n\
         [[request]]\nname = \"not there\"\naddress = \"127.0.0.2\"\nverdict = \"deny\"\n\
         [[request]]\nname = \"names\"\ndestination = \".example\"\nverdict = \"allow\"",
    ));
    let mut target = Target::silent().await;
    let mut server = Server::start(socks(&acl)).await;
    let port = target.addr.port();
    for (destination, code) in [
        ("both.example:25".to_owned(), 5),
        (format!("127-0-0-2.example:{port}"), 2),
        (format!("127-0-0-1.example.org:{port}"), 2),
        (format!("127.0.0.1:{port}"), 2),
    ] {
        let script = requesting().connect(&destination).expect_reply(code);
        script.expect_end().run(server.addr).await;
        let report = server.report().await;
        assert!(matches!(
            report.end,
            SessionEnd::Refused(_) | SessionEnd::Failed { .. }
        ));
    }
    assert!(!target.has_connection());
    for name in ["both", "127-0-0-1"] {
        let script = requesting().connect(&format!("{name}.example:{port}"));
        drop(script.expect_reply(0).run(server.addr).await);
        target.accepted().await;
        let terms = server.report().await.terms;
        assert_eq!(
            terms.map(|terms| terms.rule.to_string()).as_deref(),
            Some("names")
        );
    }
}

/// SE-36: a rule about a user is for those who have logged in as that user.
#[tokio::test]
async fn users() {
    let acl = Acl::new(rules("[[request]]\nuser = \"user\"\nverdict = \"allow\""));
    let target = Target::silent().await;
    let server = Server::start(with_login(target.addr).access(acl.clone())).await;
    let script = Peer::script()
        .greet([2])
        .expect_method(2)
        .login("user", "pass");
    let to = format!("{}", target.addr);
    script
        .expect_login(true)
        .connect(&to)
        .expect_reply(0)
        .run(server.addr)
        .await;
    let open = Server::start(socks(&acl)).await;
    requesting()
        .connect(&to)
        .expect_reply(2)
        .run(open.addr)
        .await;
    let four = Peer::script().request4(1, &to, "user");
    four.expect_reply4(0x5b).run(open.addr).await;
}

/// SE-55, SE-57, BI-22: BIND for the peer that a rule allows, and that may connect by the rules about
/// who does.
#[tokio::test]
async fn bind() {
    let acl = Acl::new(rules(
        "[[request]]\ncommand = \"bind\"\ndestination = \"127.0.0.0/30\"\nverdict = \"allow\"\n\
         [[bind_peer]]\nname = \"second\"\ndestination = \"127.0.0.2\"\nverdict = \"deny\"\n\
         [[bind_peer]]\nverdict = \"allow\"",
    ));
    let mut server = Server::start(socks(&acl)).await;
    requesting()
        .bind("127.0.0.9:0")
        .expect_reply(2)
        .run(server.addr)
        .await;
    server.report().await;
    for (peer, code) in [("127.0.0.1", 0), ("127.0.0.2", 2)] {
        let mut client = requesting()
            .bind(&format!("{peer}:0"))
            .expect_reply(0)
            .run(server.addr)
            .await;
        let socket = TcpSocket::new_v4().unwrap();
        socket
            .bind(SocketAddr::new(peer.parse().unwrap(), 0))
            .unwrap();
        let _peer = socket.connect(client.bound.unwrap()).await.unwrap();
        assert_eq!(client.read(2).await, [5, code], "{peer}");
    }
}

/// UD-28, UD-34: each datagram is judged, by name and by address, and each reply; rules that replace others
/// count for an association that stands.
#[tokio::test]
async fn datagrams() {
    let (echo, other) = (
        UdpEcho::start("127.0.0.1:0").await,
        UdpEcho::start("127.0.0.1:0").await,
    );
    let (port, not) = (echo.addr.port(), other.addr.port());
    let text = |port: u16| {
        format!(
            "[[request]]\nport = {port}\ndestination = [\"127.0.0.1\", \"*.example\"]\nverdict = \"allow\"\n"
        )
    };
    let acl = Acl::new(rules(&text(port)));
    let server = Server::start(socks(&acl)).await;
    let control = requesting()
        .udp_associate("0.0.0.0:0")
        .expect_reply(0)
        .run(server.addr)
        .await;
    let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
    client.send(&other.addr.to_string(), b"refused").await;
    client
        .send(&format!("127-0-0-1.example:{not}"), b"refused")
        .await;
    client
        .echoes(&format!("127-0-0-1.example:{port}"), echo.addr, b"by name")
        .await;
    client
        .echoes(&echo.addr.to_string(), echo.addr, b"by address")
        .await;

    acl.replace(rules(&text(not)));
    client.send(&echo.addr.to_string(), b"refused now").await;
    client
        .echoes(&other.addr.to_string(), other.addr, b"allowed now")
        .await;

    // Nothing that the first one says is heard, though it may be asked.
    let both = format!("{}{}", text(port), text(not));
    acl.replace(rules(&format!(
        "{both}[[udp_reply]]\nport = {not}\nverdict = \"allow\""
    )));
    client.send(&echo.addr.to_string(), b"no answer").await;
    client
        .echoes(&other.addr.to_string(), other.addr, b"an answer")
        .await;
}
