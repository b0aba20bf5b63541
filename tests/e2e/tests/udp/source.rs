use socks_tower::{UdpRelay, udp::DropReason};
use support::{Server, UdpEcho, UdpPeer, udp_datagram};
use tokio::net::{TcpSocket, UdpSocket};

use super::{associate, counted, script, socks, until};

/// UD-5, UD-16, SE-25: a foreign address, another port of the client's, and the client of another
/// association get nothing relayed in 10,000 datagrams; they cannot pin, redirect or end the
/// association, before it is pinned and after.
#[tokio::test]
async fn foreign_sources() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let stolen = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let loot = stolen.local_addr().unwrap().to_string();
    let (service, mut counters) = counted(UdpRelay::new());
    let server = Server::start(service).await;
    // Named, so that other ports of the same address are foreign from the start (SE-30).
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let named = client.local_addr().unwrap().to_string();
    let control = script(&named).expect_reply(0).run(server.addr).await;
    let relay = control.bound.unwrap();
    let client = UdpPeer {
        socket: client,
        relay,
    };
    let counters = counters.recv().await.unwrap();
    let (_other_control, other) = associate(&server).await;
    let destination = echo.addr.to_string();
    other.echoes(&destination, echo.addr, b"also mine").await;
    let foreign = [
        UdpPeer::new("127.0.0.2:0", relay).await,
        UdpPeer::new("127.0.0.1:0", relay).await,
        UdpPeer {
            socket: other.socket,
            relay,
        },
    ];
    let attack = udp_datagram(0, &loot, b"stolen");

    // Every one is seen and refused.
    for round in 1..=1_000 {
        for peer in &foreign {
            peer.send_raw(&attack).await;
        }
        foreign[0].send_raw(b"").await;
        if round % 10 == 0 {
            until(|| counters.dropped(DropReason::Foreign) == 4 * round).await;
        }
    }
    assert_eq!((counters.sent(), counters.received()), (0, 0));
    client.echoes(&destination, echo.addr, b"mine").await;
    for round in 1..=2_000 {
        for peer in &foreign {
            // Once the relay is connected the kernel refuses: an error that is not ours to see.
            let _ = peer.socket.send_to(&attack, relay).await;
        }
        if round % 100 == 0 {
            client.echoes(&destination, echo.addr, b"still mine").await;
        }
    }
    let heard = stolen.try_recv_from(&mut [0; 99]);
    assert_eq!(heard.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    for peer in &foreign {
        assert!(peer.socket.try_recv_from(&mut [0; 99]).is_err());
    }
    assert_eq!((counters.sent(), counters.received()), (21, 21));
    drop(control);
}

/// UD-5, UD-16: before any port is the client's, what comes from another address does not pin it.
#[tokio::test]
async fn a_foreign_address_does_not_pin() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let (service, mut counters) = counted(UdpRelay::new());
    let server = Server::start(service).await;
    let (_control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    let destination = echo.addr.to_string();
    let foreign = UdpPeer::new("127.0.0.2:0", client.relay).await;
    for round in 1..=100 {
        for _ in 0..10 {
            foreign.send(&destination, b"stolen").await;
        }
        until(|| counters.dropped(DropReason::Foreign) == 10 * round).await;
    }
    client.echoes(&destination, echo.addr, b"mine").await;
    assert_eq!(counters.sent(), 1);
    assert!(foreign.socket.try_recv_from(&mut [0; 99]).is_err());
}

/// SE-30, UD-4, UD-6: a client that names its port is not overtaken by somebody else on its
/// address.
#[tokio::test]
async fn the_named_port_is_preferred() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let server = Server::start(socks(UdpRelay::new())).await;
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let named = client.local_addr().unwrap().to_string();
    let control = script(&named).expect_reply(0).run(server.addr).await;
    let relay = control.bound.unwrap();
    let thief = UdpPeer::new("127.0.0.1:0", relay).await;
    for _ in 0..10 {
        thief.send(&echo.addr.to_string(), b"mine").await;
    }
    let client = UdpPeer {
        socket: client,
        relay,
    };
    client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;
    assert!(thief.socket.try_recv_from(&mut [0; 9]).is_err());
}

/// UD-5: the client is known by its control connection's address, another loopback address here.
#[tokio::test]
async fn clients_at_other_addresses() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let server = Server::start(socks(UdpRelay::new())).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.3:0".parse().unwrap()).unwrap();
    let stream = socket.connect(server.addr).await.unwrap();
    let control = script("0.0.0.0:0").expect_reply(0).run_over(stream).await;
    let relay = control.bound.unwrap();
    let foreign = UdpPeer::new("127.0.0.1:0", relay).await;
    foreign.send(&echo.addr.to_string(), b"x").await;
    let client = UdpPeer::new("127.0.0.3:0", relay).await;
    client.echoes(&echo.addr.to_string(), echo.addr, b"y").await;
    assert!(foreign.socket.try_recv_from(&mut [0; 9]).is_err());
}
