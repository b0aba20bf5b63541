use std::net::IpAddr;

use socks_tower::{Incoming, SessionEnd, UdpRelay, udp::DropReason};
use support::{Peer, Server, UdpEcho, UdpPeer, has_ipv6, udp_datagram};
use tokio::{
    net::{TcpListener, UdpSocket},
    task::JoinHandle,
};
use tower::ServiceExt;

use super::{associate, counted, script, socks};

/// UD-9, UD-17, UD-18, UD-30: the relay is where the reply says, at a concrete address of the
/// control connection's, and datagrams go there and back with the remote's address in front,
/// empty ones too.
#[tokio::test]
async fn there_and_back() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let mut server = Server::start(socks(UdpRelay::new())).await;
    let (control, client) = associate(&server).await;
    assert_eq!(client.relay.ip(), server.addr.ip());
    let destination = echo.addr.to_string();
    for data in [&b"hello"[..], b""] {
        client.echoes(&destination, echo.addr, data).await;
    }
    drop(control);
    let report = server.report().await;
    assert!(matches!(report.end, SessionEnd::Closed), "{report:?}");
    assert_eq!((report.sent, report.received), (5, 5));
    let datagrams = report.datagrams.unwrap();
    assert_eq!((datagrams.sent(), datagrams.received()), (2, 2));
}

/// UD-36, UD-35: nothing is truncated up to what a datagram can hold, which is 65,507 octets over
/// IPv4 with the header, and what cannot fit behind a header is dropped.
#[tokio::test]
async fn longest_datagrams() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let (service, mut counters) = counted(UdpRelay::new());
    let server = Server::start(service).await;
    let (_control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    let destination = echo.addr.to_string();
    for len in [1_501, 4_097, 65_507 - 10] {
        let data: Vec<u8> = (0..len).map(|n| n as u8).collect();
        client.echoes(&destination, echo.addr, &data).await;
    }

    // A target can send ten octets more than fit behind the header.
    let target = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let there = target.local_addr().unwrap();
    client.send(&there.to_string(), b"x").await;
    let (_, outside) = target.recv_from(&mut [0; 9]).await.unwrap();
    target.send_to(&[7; 65_507], outside).await.unwrap();
    target.send_to(&[8; 65_507 - 10], outside).await.unwrap();
    assert_eq!(client.receive().await, (there, vec![8; 65_507 - 10]));
    assert_eq!(counters.dropped(DropReason::Oversize), 1);
}

/// UD-36: over IPv6 the client's side has room for the longest payload of IPv4, both ways.
#[tokio::test]
async fn longest_payload_over_ipv6() {
    if !has_ipv6().await {
        return;
    }
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let (server, _control, client) = over_ipv6().await;
    let data: Vec<u8> = (0..65_507).map(|n| n as u8).collect();
    client
        .echoes(&echo.addr.to_string(), echo.addr, &data)
        .await;
    drop(server);
}

async fn over_ipv6() -> (JoinHandle<()>, Peer, UdpPeer) {
    let listener = TcpListener::bind("[::1]:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        let session = socks(UdpRelay::new()).oneshot(Incoming::new(stream, peer, addr));
        let _ = session.await;
    });
    let control = script("0.0.0.0:0").expect_reply(0).run(addr).await;
    let client = UdpPeer::new("[::1]:0", control.bound.unwrap()).await;
    (server, control, client)
}

/// UD-9, UD-7: with an IPv6 control connection BND is IPv6, whatever family the zeros have.
/// UD-41: one association reaches targets of both families.
#[tokio::test]
async fn both_families() {
    if !has_ipv6().await {
        return;
    }
    let (v4, v6) = (
        UdpEcho::start("127.0.0.1:0").await,
        UdpEcho::start("[::1]:0").await,
    );
    let mapped = format!("[::ffff:127.0.0.1]:{}", v4.addr.port());
    let server = Server::start(socks(UdpRelay::new())).await;
    let (_control, client) = associate(&server).await;
    let (_server, _control6, client6) = over_ipv6().await;
    assert_eq!(client6.relay.ip(), "::1".parse::<IpAddr>().unwrap());
    for client in [client, client6] {
        for echo in [&v4, &v6] {
            client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;
        }
        // UD-31: a mapped destination is the IPv4 one, and so is the answer's sender.
        client.echoes(&mapped, v4.addr, b"y").await;
    }
}

/// UD-41: targets see one source address whatever they are, and the socket is not connected: an
/// answer may come from another port of theirs.
#[tokio::test]
async fn one_socket_outside() {
    let server = Server::start(socks(UdpRelay::new())).await;
    let (_control, client) = associate(&server).await;
    let mut sources = Vec::new();
    for _ in 0..3 {
        let target = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        client
            .send(&target.local_addr().unwrap().to_string(), b"x")
            .await;
        let (_, outside) = target.recv_from(&mut [0; 9]).await.unwrap();
        sources.push(outside);
        let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        other.send_to(b"y", outside).await.unwrap();
        assert_eq!(
            client.receive().await,
            (other.local_addr().unwrap(), b"y".to_vec())
        );
    }
    assert_eq!(sources, [sources[0]; 3]);
}

/// UD-26, UD-27, UD-29, UD-15: what is malformed or goes nowhere is dropped without an
/// answer, is counted, and ends nothing; nor does a target that nobody listens at (UD-39).
#[tokio::test]
async fn bad_datagrams() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let (service, mut counters) = counted(UdpRelay::new());
    let server = Server::start(service).await;
    let (_control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    let closed = UdpSocket::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    for bad in [
        &b""[..],
        b"\0\0\0",
        b"\0\0\0\x02\x7f\0\0\x01\0\x09x",
        b"\0\0\0\x01\x7f\0\0\x01\0",
        b"\0\0\0\x03\0\0\x09x",
        b"\0\0\0\x03\x03a\0b\0\x09x",
        b"\0\0\0\x01\x7f\0\0\x01\0\0x",
        b"\0\0\x01\x01\x7f\0\0\x01\0\x09x",
        b"\0\0\x80\x01\x7f\0\0\x01\0\x09x",
    ] {
        client.send_raw(bad).await;
    }
    client.send(&closed.to_string(), b"x").await;
    client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;
    client.send(&closed.to_string(), b"x").await;
    client.echoes(&echo.addr.to_string(), echo.addr, b"y").await;
    assert_eq!(counters.dropped(DropReason::Malformed), 5);
    assert_eq!(counters.dropped(DropReason::Name), 1);
    assert_eq!(counters.dropped(DropReason::PortZero), 1);
    assert_eq!(counters.dropped(DropReason::Fragment), 2);
    // RSV is ignored (UD-14).
    let mut odd = udp_datagram(0, &echo.addr.to_string(), b"odd");
    odd[0] = 5;
    client.send_raw(&odd).await;
    assert_eq!(client.receive().await, (echo.addr, b"odd".to_vec()));
}
