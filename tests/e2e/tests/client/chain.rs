//! Servers that chain: our server → `SocksConnector` → our server → target.

use std::{net::SocketAddr, time::Duration};

use e2e::{open, with_login};
use socks_core::{
    Address, Domain, ReplyCode, UserId,
    message::{
        AccessRequest, AddressFilter, AuthRequest, Authentication, Connect, Identity, Permit,
        Verdict,
    },
};
use socks_tower::{
    BoxError, CodedError, Connected, Incoming, SocksService,
    client::{Client, ClientError, ClientErrorKind as Kind, ClientTunnel, SocksConnector},
};
use support::{Server, Target};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tower::{Service, ServiceExt, service_fn};

use crate::destination;

/// Lets everybody go everywhere, through `connector`.
fn through<C>(connector: C) -> SocksService<ClientTunnel<TcpStream>>
where
    C: socks_tower::Connector<ClientTunnel<TcpStream>>,
{
    let everywhere = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    SocksService::new(connector).access(everywhere)
}

/// Lets everybody go where `filter` lets addresses be dialled.
fn filtered(
    connector: SocksConnector,
    filter: impl AddressFilter + Copy + 'static,
) -> SocksService<ClientTunnel<TcpStream>> {
    let access = service_fn(move |_: AccessRequest| async move {
        Ok::<_, BoxError>(Verdict::Allow(Permit::new().filter(filter)))
    });
    SocksService::new(connector).access(access)
}

async fn connect(
    server: &Server,
    to: impl Into<Address>,
) -> Result<ClientTunnel<TcpStream>, ClientError> {
    Client::dial_socks5(server.addr).await?.connect(to).await
}

async fn echoes(server: &Server, to: impl Into<Address>) {
    let mut tunnel = connect(server, to).await.unwrap();
    tunnel.write_all(b"hello").await.unwrap();
    tunnel.shutdown().await.unwrap();
    let mut heard = String::new();
    tunnel.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "hello");
}

async fn code(server: &Server, to: impl Into<Address>) -> Option<ReplyCode> {
    connect(server, to).await.unwrap_err().reply_code()
}

/// R5-39, S4A-9, SE-62: names and addresses reach the upstream as such, with the configured login
/// and not the client's.
#[tokio::test]
async fn chains() {
    let target = Target::echo().await;
    let mut upstream = Server::start(with_login(target.addr)).await;
    for optimistic in [false, true] {
        let connector = SocksConnector::socks5(upstream.addr)
            .username_password("user", "pass")
            .unwrap()
            .optimistic(optimistic);
        let anybody = service_fn(|request: AuthRequest| async move {
            let user = Identity::user("alice", request.method);
            Ok::<_, BoxError>(Authentication::Accepted(user))
        });
        let server = Server::start(through(connector).authenticator(anybody)).await;
        for to in [destination(), target.addr.into()] {
            let client = Client::dial_socks5(server.addr).await.unwrap();
            let client = client.username_password("alice", "hers").unwrap();
            drop(client.connect(to.clone()).await.unwrap());
            let report = upstream.report().await;
            assert_eq!(report.destination, Some(to));
            let user = report.identity.unwrap().user.clone();
            assert_eq!(user, Some("user".into()));
        }
    }
    // By SOCKS4 too, with a user id.
    let mut upstream = Server::start(open(target.addr)).await;
    let connector = SocksConnector::socks4(upstream.addr, UserId::new(b"proxy").unwrap());
    let server = Server::start(through(connector)).await;
    let client = Client::dial_socks4(server.addr).await.unwrap();
    drop(client.connect(destination()).await.unwrap());
    assert_eq!(upstream.report().await.destination, Some(destination()));
    let v6: SocketAddr = "[2001:db8::1]:80".parse().unwrap();
    let refused = code(&server, v6).await;
    assert_eq!(refused, Some(ReplyCode::ADDRESS_TYPE_NOT_SUPPORTED));
}

/// Two hops, the second reached through the first.
#[tokio::test]
async fn two_hops() {
    let target = Target::echo().await;
    let mut second = Server::start(with_login(target.addr)).await;
    let mut first = Server::start(open(second.addr)).await;
    let connector = SocksConnector::socks5(Address::domain("second.test", 1080).unwrap())
        .username_password("user", "pass")
        .unwrap()
        .dial(SocksConnector::socks5(first.addr));
    let everywhere = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    let server = Server::start(SocksService::new(connector).access(everywhere)).await;
    echoes(&server, destination()).await;
    let hop = first.report().await.destination.unwrap();
    assert_eq!(hop.to_string(), "second.test:1080");
    assert_eq!(second.report().await.destination, Some(destination()));
}

/// SE-12: the permit's filter judges addresses; a name that it cannot judge is refused with 02
/// unless the upstream is trusted.
#[tokio::test]
async fn filters() {
    let target = Target::echo().await;
    let mut upstream = Server::start(open(target.addr)).await;
    let connector = || SocksConnector::socks5(upstream.addr);
    let not_allowed = Some(ReplyCode::NOT_ALLOWED);

    let loopback = Server::start(filtered(connector(), |addr: SocketAddr| {
        addr.ip().is_loopback()
    }))
    .await;
    echoes(&loopback, target.addr).await;
    let other: SocketAddr = "192.0.2.1:80".parse().unwrap();
    assert_eq!(code(&loopback, other).await, not_allowed);
    assert_eq!(code(&loopback, destination()).await, not_allowed);
    // A name that is an address is judged as one.
    let literal = |ip| Address::domain(ip, target.addr.port()).unwrap();
    assert_eq!(code(&loopback, literal("192.0.2.1")).await, not_allowed);
    echoes(&loopback, literal("127.0.0.1")).await;

    let trusting = connector().trust_upstream_resolution(true);
    let trusting = Server::start(filtered(trusting, |_: SocketAddr| false)).await;
    echoes(&trusting, destination()).await;
    assert_eq!(code(&trusting, other).await, not_allowed);
    for _ in 0..3 {
        assert_ne!(upstream.report().await.destination, Some(other.into()));
    }
}

/// SE-41: that the upstream is trusted to resolve names does not keep them from being judged.
#[tokio::test]
async fn names_are_judged() {
    #[derive(Clone, Copy)]
    struct NotThat;

    impl AddressFilter for NotThat {
        fn permits(&self, _: SocketAddr) -> bool {
            true
        }

        fn permits_name(&self, name: &Domain, port: u16) -> bool {
            Address::Domain(name.clone(), port) != destination()
        }
    }

    let target = Target::echo().await;
    let upstream = Server::start(open(target.addr)).await;
    let trusting = SocksConnector::socks5(upstream.addr).trust_upstream_resolution(true);
    let server = Server::start(filtered(trusting, NotThat)).await;
    let refused = code(&server, destination()).await;
    assert_eq!(refused, Some(ReplyCode::NOT_ALLOWED));
    echoes(&server, Address::domain("other.example", 80).unwrap()).await;
}

/// R5-67: what the upstream says about the target is passed on; what it says about us is not.
#[tokio::test]
async fn refusals() {
    for said in [1, 2, 3, 4, 5, 6, 7, 8, 0xf6] {
        let failing = service_fn(move |_: Connect| async move {
            Err::<Connected<TcpStream>, _>(CodedError::new(ReplyCode(said)))
        });
        let everywhere =
            service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
        let upstream = Server::start(SocksService::new(failing).access(everywhere)).await;
        let server = Server::start(through(SocksConnector::socks5(upstream.addr))).await;
        assert_eq!(code(&server, destination()).await, Some(ReplyCode(said)));
    }
    let upstream = Server::start(with_login("127.0.0.1:9".parse().unwrap())).await;
    let wrong = SocksConnector::socks5(upstream.addr);
    let wrong = wrong.username_password("user", "word").unwrap();
    for connector in [SocksConnector::socks5(upstream.addr), wrong] {
        let server = Server::start(through(connector)).await;
        assert_eq!(
            code(&server, destination()).await,
            Some(ReplyCode::GENERAL_FAILURE)
        );
    }
    // Nobody listens there, which is not to say that the target refuses.
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let server = Server::start(through(SocksConnector::socks5(closed))).await;
    let error = connect(&server, destination()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Failed);
}

/// SE-61: a next hop that is this server is refused, by address and by name.
#[tokio::test]
async fn loops() {
    let mut listener = Target::silent().await;
    for upstream in [
        listener.addr.into(),
        Address::domain("localhost", listener.addr.port()).unwrap(),
    ] {
        let (stream, io) = tokio::io::duplex(1024);
        let peer: SocketAddr = "127.0.0.1:4000".parse().unwrap();
        let incoming = Incoming::new(io, peer, listener.addr);
        let named = matches!(upstream, Address::Domain(..));
        tokio::spawn(through(SocksConnector::socks5(upstream)).oneshot(incoming));
        let error = Client::socks5(stream)
            .connect(destination())
            .await
            .unwrap_err();
        assert_eq!(error.reply_code(), Some(ReplyCode::GENERAL_FAILURE));
        assert!(named || !listener.has_connection());
    }
}

/// R5-61: an upstream that accepts and says nothing is given up at the deadline, with 06.
#[tokio::test(start_paused = true)]
async fn silent_upstreams() {
    let (open, _still_open) = tokio::sync::mpsc::unbounded_channel();
    let silent = service_fn(move |_: Connect| {
        let (stream, server) = tokio::io::duplex(64);
        let _ = open.send(server);
        let bound = "192.0.2.1:4000".parse().unwrap();
        std::future::ready(Ok::<_, BoxError>(Connected::new(stream, bound)))
    });
    let upstream: SocketAddr = "192.0.2.1:1080".parse().unwrap();
    let connector = SocksConnector::socks5(upstream)
        .dial(silent)
        .timeout(Duration::from_secs(9));
    let everywhere = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    let mut service = SocksService::new(connector).access(everywhere);
    let (stream, io) = tokio::io::duplex(1024);
    tokio::spawn(service.call(Incoming::unnamed(io)));
    let since = tokio::time::Instant::now();
    let error = Client::socks5(stream)
        .connect(destination())
        .await
        .unwrap_err();
    assert_eq!(error.reply_code(), Some(ReplyCode::TTL_EXPIRED));
    assert_eq!(since.elapsed().as_secs(), 9);
}
