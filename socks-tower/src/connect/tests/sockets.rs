use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use socket2::SockRef;
use socks_core::{
    Address, ReplyCode,
    message::{Egress, Permit},
};
use tokio::net::{TcpListener, TcpStream};
use tower::util::ServiceExt;

use super::connect;
use crate::{ConnectError, ConnectErrorKind, Connected, Connector, TcpConnector, reply_code};

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

async fn dial(
    connector: TcpConnector,
    destination: impl Into<Address>,
    permit: Permit,
) -> Result<Connected<TcpStream>, ConnectError> {
    connector.oneshot(connect(destination.into(), permit)).await
}

fn from(ipv4: [u8; 4]) -> Egress {
    let mut egress = Egress::new();
    egress.ipv4 = Some(Ipv4Addr::from(ipv4));
    egress
}

/// SE-52: the outgoing socket has keepalive, and `TCP_NODELAY`; its local address is told, the
/// dialled one noted.
#[tokio::test]
async fn the_dialled_socket() {
    let (listener, addr) = listener().await;
    let connected = dial(TcpConnector::new(), addr, Permit::new())
        .await
        .unwrap();
    let (_, peer) = listener.accept().await.unwrap();
    assert_eq!(connected.bound, peer);
    assert_eq!(connected.remote, Some(addr));
    assert!(connected.stream.nodelay().unwrap());
    let socket = SockRef::from(&connected.stream);
    assert!(socket.keepalive().unwrap());
    assert_eq!(
        socket.tcp_keepalive_time().unwrap(),
        Duration::from_secs(60)
    );

    let quiet = TcpConnector::new().keepalive(None);
    let connected = dial(quiet, addr, Permit::new()).await.unwrap();
    assert!(!SockRef::from(&connected.stream).keepalive().unwrap());
}

/// R5-59: `localhost` is `::1` and `127.0.0.1`; where only the second listens, it is reached.
#[tokio::test]
async fn a_name_reaches_the_address_that_answers() {
    let (_listener, addr) = listener().await;
    let name = Address::domain("localhost", addr.port()).unwrap();
    let connected = dial(TcpConnector::new(), name, Permit::new())
        .await
        .unwrap();
    assert_eq!(connected.remote, Some(addr));
}

/// R5-67: the kernel's refusal is 05.
#[tokio::test]
async fn a_closed_port_is_refused() {
    let (listener, addr) = listener().await;
    drop(listener);
    let error = dial(TcpConnector::new(), addr, Permit::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Io);
    assert_eq!(reply_code(&error), ReplyCode::CONNECTION_REFUSED);
}

/// The connector's source address counts, and the permit's counts more.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_source_address_is_chosen() {
    let (_listener, addr) = listener().await;
    let connector = TcpConnector::new().egress(from([127, 0, 0, 2]));
    let connected = dial(connector.clone(), addr, Permit::new()).await.unwrap();
    assert_eq!(connected.bound.ip(), Ipv4Addr::new(127, 0, 0, 2));
    let permit = Permit::new().egress(from([127, 0, 0, 3]));
    let connected = dial(connector, addr, permit).await.unwrap();
    assert_eq!(connected.bound.ip(), Ipv4Addr::new(127, 0, 0, 3));
}

/// R5-67: a source address that this machine does not have is 03.
#[tokio::test]
async fn a_foreign_source_address_is_03() {
    let (_listener, addr) = listener().await;
    let permit = Permit::new().egress(from([192, 0, 2, 1]));
    let error = dial(TcpConnector::new(), addr, permit).await.unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Egress);
    assert_eq!(reply_code(&error), ReplyCode::NETWORK_UNREACHABLE);
}

/// A source address for IPv4 says nothing about IPv6 targets.
#[tokio::test]
async fn the_other_family_is_still_dialled() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        return;
    };
    let addr = listener.local_addr().unwrap();
    let permit = Permit::new().egress(from([192, 0, 2, 1]));
    let connected = dial(TcpConnector::new(), addr, permit).await.unwrap();
    assert_eq!(connected.remote, Some(addr));
}

/// R5-67: an interface that cannot be used is 01, whether it is missing or not ours to use.
#[tokio::test]
async fn a_missing_interface_is_01() {
    let (_listener, addr) = listener().await;
    let mut egress = Egress::new();
    egress.interface = Some("no-such-device".into());
    let permit = Permit::new().egress(egress);
    let error = dial(TcpConnector::new(), addr, permit).await.unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Egress);
    assert_eq!(reply_code(&error), ReplyCode::GENERAL_FAILURE);
}

#[test]
fn it_is_a_connector() {
    fn is_connector(_: impl Connector<TcpStream>) {}
    is_connector(TcpConnector::new());
}
