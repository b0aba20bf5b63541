use socks_tower::{UdpRelay, udp::DropReason};
use support::{Server, UdpEcho, UdpPeer};
use tokio::net::UdpSocket;

use super::{associate, counted, script, until};

/// SE-27, SE-5, SE-6, UD-28: the safe default judges each datagram, so that what CONNECT could not
/// reach is not reached by UDP either; multicast and broadcast by nobody.
#[tokio::test]
async fn the_safe_default() {
    let (service, mut counters) = counted(UdpRelay::new().bind("127.0.0.1".parse().unwrap()));
    let service = service.access(socks_acl::SafeDefault::new());
    // As if the listener were not on loopback.
    let claimed = "203.0.113.1:1080".parse().unwrap();
    let server = Server::start_claiming(service, Some(claimed)).await;
    let control = script("0.0.0.0:0").expect_reply(0).run(server.addr).await;
    let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
    let counters = counters.recv().await.unwrap();
    let refused = [
        "127.0.0.1:53",
        "[::1]:53",
        "0.0.0.0:53",
        "10.0.0.1:53",
        "169.254.169.254:80",
        "224.0.0.251:5353",
        "255.255.255.255:67",
        "[ff02::fb]:5353",
        "[::ffff:127.0.0.1]:53",
        "[64:ff9b::7f00:1]:53",
        "localhost:53",
        "203.0.113.1:1080",
    ];
    for destination in refused {
        client.send(destination, b"x").await;
    }
    until(|| counters.dropped(DropReason::NotPermitted) == 12).await;
    assert_eq!(counters.sent(), 0);

    // A local listener opens this machine, and still neither multicast nor broadcast.
    let (service, mut counters) = counted(UdpRelay::new());
    let server = Server::start(service.access(socks_acl::SafeDefault::new())).await;
    let (_control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    for destination in ["224.0.0.251:5353", "255.255.255.255:67", "[ff02::fb]:5353"] {
        client.send(destination, b"x").await;
    }
    let echo = UdpEcho::start("127.0.0.1:0").await;
    client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;
    assert_eq!(counters.dropped(DropReason::NotPermitted), 3);
}

/// SE-27: sockets do not enable broadcast, so even with everything permitted the system refuses.
#[tokio::test]
async fn broadcast_is_not_enabled() {
    let (service, mut counters) = counted(UdpRelay::new());
    let server = Server::start(service).await;
    let (_control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    client.send("255.255.255.255:9", b"x").await;
    until(|| counters.dropped(DropReason::Socket) == 1).await;
    assert_eq!(counters.sent(), 0);
}

/// UD-33, SE-26: strangers do not reach the client through the relay's outside port.
#[tokio::test]
async fn strangers() {
    let (service, mut counters) = counted(UdpRelay::new());
    let server = Server::start(service).await;
    let (_control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    let target = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let there = target.local_addr().unwrap();
    client.send(&there.to_string(), b"x").await;
    let (_, outside) = target.recv_from(&mut [0; 9]).await.unwrap();
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    stranger.send_to(b"hello", outside).await.unwrap();
    target.send_to(b"answer", outside).await.unwrap();
    assert_eq!(client.receive().await, (there, b"answer".to_vec()));
    assert_eq!(counters.dropped(DropReason::Unsolicited), 1);
}
