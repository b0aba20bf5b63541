use std::io;

use socks_core::{ReplyCode, message::Bind};
use socks_tower::{BindErrorKind, Bound, SessionEnd, Strangers, TcpBinder};
use support::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower::service_fn;

use super::{
    connect_from, is_reset, listening, listening4, nobody, reply, reply4, requesting, serving,
};

/// BI-8, BI-9, BI-10, BI-11, BI-16, R5-51, S4-14, S4-16: the listener is open before the first
/// reply, at an address that the peer can reach; the second names the peer, whose port is not the
/// request's; and what both sides sent early arrives.
#[tokio::test]
async fn two_replies() {
    let mut server = Server::start(serving(TcpBinder::new())).await;
    for socks4 in [false, true] {
        let (mut client, bound) = match socks4 {
            false => listening(&server, "127.0.0.1:21").await,
            true => listening4(&server, "127.0.0.1:21").await,
        };
        assert!(bound.ip().is_loopback() && bound.port() >= 1024, "{bound}");
        client.send("early ").await;
        let mut peer = TcpStream::connect(bound).await.unwrap();
        peer.write_all(b"220").await.unwrap();
        let from = peer.local_addr().unwrap();
        match socks4 {
            false => assert_eq!(client.read(10).await, reply(0, from)),
            true => assert_eq!(client.read(8).await, reply4(0x5a, from)),
        }
        assert_eq!(client.read(3).await, b"220");
        client.send("late").await;
        let mut heard = [0; 10];
        peer.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"early late");
        drop((peer, client));
        let report = server.report().await;
        assert_eq!((report.bound, report.remote), (Some(bound), Some(from)));
        assert_eq!((report.sent, report.received), (10, 3));
    }
}

/// BI-9, SE-56: the listener is not at DST.ADDR, which is the peer's and could be listened on here.
#[tokio::test]
async fn the_peers_address_is_not_bound() {
    let server = Server::start(serving(TcpBinder::new())).await;
    let (mut client, bound) = listening(&server, "127.0.0.2:0").await;
    assert_eq!(bound.ip().to_string(), "127.0.0.1");
    let peer = connect_from("127.0.0.2", bound).await.unwrap();
    let second = client.read(10).await;
    assert_eq!(second, reply(0, peer.local_addr().unwrap()));
}

/// BI-14: one connection is accepted; the next finds nobody listening.
#[tokio::test]
async fn one_connection() {
    let server = Server::start(serving(TcpBinder::new())).await;
    let (mut client, bound) = listening(&server, "127.0.0.1:0").await;
    let mut peer = TcpStream::connect(bound).await.unwrap();
    client.read(10).await;
    let second = TcpStream::connect(bound).await.unwrap_err();
    assert_eq!(second.kind(), io::ErrorKind::ConnectionRefused);
    client.send("hello").await;
    let mut heard = [0; 5];
    peer.read_exact(&mut heard).await.unwrap();
}

/// BI-12, S4-17: where the memo's rule is switched on, a stranger ends the operation. SOCKS5 tells
/// who it was, SOCKS4 sends zeros, and both connections are closed.
#[tokio::test]
async fn a_stranger_ends_the_operation() {
    let binder = TcpBinder::new().strangers(Strangers::Refuse);
    let mut server = Server::start(serving(binder)).await;
    for socks4 in [false, true] {
        let (mut client, bound) = match socks4 {
            false => listening(&server, "127.0.0.1:21").await,
            true => listening4(&server, "127.0.0.1:21").await,
        };
        let stranger = connect_from("127.0.0.2", bound).await.unwrap();
        let from = stranger.local_addr().unwrap();
        match socks4 {
            false => assert_eq!(client.rest().await, reply(2, from)),
            true => assert_eq!(client.rest().await, reply4(0x5b, nobody())),
        }
        assert!(is_reset(stranger).await);
        let late = TcpStream::connect(bound).await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::ConnectionRefused);
        drop(client);
        let SessionEnd::Failed { code, error } = server.report().await.end else {
            panic!("it failed");
        };
        assert_eq!(code, ReplyCode::NOT_ALLOWED);
        let error = error.downcast_ref::<socks_tower::BindError>().unwrap();
        assert_eq!(
            (error.kind(), error.peer()),
            (BindErrorKind::Stranger, Some(from))
        );
    }
}

/// BI-10, R5-51: a listener that fails while it waits has a second reply too.
#[tokio::test]
async fn a_listener_that_fails() {
    let failing = service_fn(|_: Bind| async {
        let addr = "127.0.0.1:4000".parse().unwrap();
        let failed = async { Err(io::Error::from(io::ErrorKind::OutOfMemory).into()) };
        Ok::<_, io::Error>(Bound::<TcpStream>::new(addr, failed))
    });
    let server = Server::start(serving(failing)).await;
    let (mut client, _) = listening(&server, "127.0.0.1:0").await;
    assert_eq!(client.rest().await, reply(1, nobody()));
    let (mut client, _) = listening4(&server, "127.0.0.1:21").await;
    assert_eq!(client.rest().await, reply4(0x5b, nobody()));
}

/// BI-24, SE-58: the marker of Dante's extension is refused, however much the rules allow.
#[tokio::test]
async fn the_bind_extension() {
    let server = Server::start(serving(TcpBinder::new())).await;
    let marker = "255.255.255.255:8080";
    let script = requesting().bind(marker).expect_reply(2).expect_end();
    script.run(server.addr).await;
    let script = support::Peer::script().request4(2, marker, "");
    script
        .expect_reply4(0x5b)
        .expect_end()
        .run(server.addr)
        .await;
}
