use mechanism::Mechanism;
use socks_core::Address;
use socks_tower::{
    Connector, SessionEnd, SocksService, TcpBinder,
    client::{Client, SocksConnector},
};
use support::{Server, Target};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{ONE, TWO, holds, method, served, tap::Tap};

const MIB: usize = 1024 * 1024;

/// What is looked for on the wire: every 16 octets of it are unlike all others.
fn pattern(len: usize) -> Vec<u8> {
    let lines = (0_u64..).flat_map(|n| format!("{n:015}\n").into_bytes());
    lines.take(len).collect()
}

fn destination() -> Address {
    Address::domain("target.example", 80).unwrap()
}

/// GS-15, GS-19, GS-20, GS-21, GS-29, R5-54: MiBs both ways at once, then one direction ends and the
/// other goes on. With confidentiality neither request, reply nor payload are on the wire in clear,
/// with integrity they are; and each side just closes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_and_half_close() {
    for (levels, in_clear) in [(TWO, false), (ONE, true)] {
        let target = Target::serving(|mut stream| async move {
            // Echoes, and says something more behind the end.
            let (mut reader, mut writer) = stream.split();
            tokio::io::copy(&mut reader, &mut writer).await.unwrap();
            writer.write_all(b"a last word").await.unwrap();
            writer.shutdown().await.unwrap();
        })
        .await;
        let mechanism = Mechanism::new().sequencing(true).rounds(2);
        let mut server = Server::start(served(target.addr, &mechanism, levels)).await;
        let tap = Tap::tcp(server.addr).await;
        let client = Client::dial_socks5(tap.addr).await.unwrap();
        let client = client.method(method(&mechanism, levels));
        let tunnel = client.connect(destination()).await.unwrap();

        let sent = pattern(5 * MIB);
        let (mut reader, mut writer) = tokio::io::split(tunnel);
        let sends = sent.clone();
        let writing = tokio::spawn(async move {
            writer.write_all(&sends).await.unwrap();
            writer.shutdown().await.unwrap();
        });
        let mut heard = Vec::new();
        reader.read_to_end(&mut heard).await.unwrap();
        writing.await.unwrap();
        assert!(heard == [&sent[..], b"a last word"].concat());

        let report = server.report().await;
        assert!(matches!(report.end, SessionEnd::Closed));
        let identity = report.identity.unwrap();
        assert_eq!(identity.user.as_ref().unwrap(), "alice");
        assert_eq!(identity.method, socks_core::Method::GSSAPI);
        assert_eq!(&*identity.groups[0], "EXAMPLE.ORG");
        assert_eq!(
            (report.sent, report.received),
            (5 * MIB as u64, 5 * MIB as u64 + 11)
        );

        let wire = tap.heard();
        assert!(wire.len() > 10 * MIB);
        for part in [
            &b"target.example"[..],
            b"000000000000007\n",
            b"000000000200000\n",
            b"a last word",
        ] {
            assert_eq!(holds(&wire, part), in_clear, "{}", part.escape_ascii());
        }
    }
}

/// GS-20: what comes in the same segment as the reply, and what is sent ahead of it.
#[tokio::test]
async fn early_data() {
    let target = Target::source("at once").await;
    let mechanism = Mechanism::new();
    let server = Server::start(served(target.addr, &mechanism, TWO)).await;
    let client = Client::dial_socks5(server.addr).await.unwrap();
    let client = client.method(method(&mechanism, TWO));
    let tunnel = client.connect_with(destination(), b"early").await;
    let mut heard = String::new();
    tunnel.unwrap().read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "at once");
}

/// GS-19: BIND, both replies and what follows.
#[tokio::test]
async fn bind() {
    let primary = Target::silent().await;
    let mechanism = Mechanism::new().sequencing(true);
    let service: SocksService = served(primary.addr, &mechanism, TWO);
    let server = Server::start(service.binder(TcpBinder::new())).await;
    let tap = Tap::tcp(server.addr).await;
    let client = Client::dial_socks5(tap.addr).await.unwrap();
    let client = client.method(method(&mechanism, TWO));
    let listening = client.bind(primary.addr).await.unwrap();
    let Address::Socket(bound) = *listening.bound() else {
        panic!("an address");
    };
    let mut peer = TcpStream::connect(bound).await.unwrap();
    peer.write_all(b"from the peer").await.unwrap();
    let (mut tunnel, from) = listening.accept_from(primary.addr.ip()).await.unwrap();
    assert_eq!(from, peer.local_addr().unwrap().into());
    tunnel.write_all(b"from the client").await.unwrap();
    tunnel.shutdown().await.unwrap();
    let mut heard = String::new();
    peer.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "from the client");
    drop(peer);
    heard.clear();
    tunnel.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "from the peer");

    let wire = tap.heard();
    // The replies' VER, REP, RSV, ATYP and address.
    for part in [&b"from the"[..], b"\x05\x00\x00\x01\x7f\x00\x00\x01"] {
        assert!(!holds(&wire, part), "{}", part.escape_ascii());
    }
}

/// A connector with the method chains: each connection has a context of its own.
#[tokio::test]
async fn chain() {
    fn connector(
        connector: SocksConnector,
    ) -> impl Connector<socks_tower::client::ClientTunnel<TcpStream>> {
        connector
    }
    let target = Target::echo().await;
    let mechanism = Mechanism::new().sequencing(true);
    let upstream = Server::start(served(target.addr, &mechanism, TWO)).await;
    let chained = SocksConnector::socks5(upstream.addr)
        .method(method(&mechanism, TWO))
        .trust_upstream_resolution(true);
    let service = SocksService::new(connector(chained));
    let server = Server::start(service.access(tower::service_fn(
        |_: socks_core::message::AccessRequest| async {
            Ok::<_, socks_tower::BoxError>(socks_core::message::Verdict::allow())
        },
    )))
    .await;
    for _ in 0..3 {
        let client = Client::dial_socks5(server.addr).await.unwrap();
        let mut tunnel = client.connect(destination()).await.unwrap();
        tunnel.write_all(b"through both").await.unwrap();
        tunnel.shutdown().await.unwrap();
        let mut heard = String::new();
        tunnel.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "through both");
    }
}
