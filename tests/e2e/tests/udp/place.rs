use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use e2e::open;
use socks_core::{
    ReplyCode,
    message::{AccessRequest, ConnInfo, Verdict},
};
use socks_tower::{BoxError, Incoming, UdpRelay};
use support::{Peer, Server, UdpEcho, UdpPeer};
use tokio::{io::duplex, net::UdpSocket, time::timeout};
use tower::{ServiceExt, service_fn};

use super::{NOWHERE, associate, script, socks};

/// UD-9, SE-29: ports come from the configured range, another one each time, and when it is
/// exhausted the request fails with 01 (UD-12).
#[tokio::test]
async fn port_range() {
    let range = 41_300..=41_303;
    let server = Server::start(socks(UdpRelay::new().ports(range.clone()))).await;
    let mut controls = Vec::new();
    let mut ports = Vec::new();
    for _ in 0..4 {
        let control = script("0.0.0.0:0").expect_reply(0).run(server.addr).await;
        ports.push(control.bound.unwrap().port());
        controls.push(control);
    }
    ports.sort_unstable();
    assert_eq!(ports, range.collect::<Vec<_>>());
    script("0.0.0.0:0")
        .expect_reply(1)
        .expect_end()
        .run(server.addr)
        .await;
}

/// SE-29: without a range the system chooses, and no port follows from the one before.
#[tokio::test]
async fn ports_are_not_predictable() {
    let server = Server::start(socks(UdpRelay::new())).await;
    let mut steps = HashSet::new();
    let mut last = 0;
    for _ in 0..16 {
        let (_control, client) = associate(&server).await;
        steps.insert(i32::from(client.relay.port()) - last);
        last = client.relay.port().into();
    }
    assert!(steps.len() > 8, "{steps:?}");
}

/// UD-9: on a wildcard socket BND is the control connection's address, and behind address
/// translation what is configured, which may depend on the connection.
#[tokio::test]
async fn advertised_address() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let udp = UdpRelay::new().bind("0.0.0.0".parse().unwrap());
    let server = Server::start(socks(udp.clone())).await;
    let (_control, client) = associate(&server).await;
    assert_eq!(client.relay.ip(), server.addr.ip());
    client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;

    let outside: IpAddr = "198.51.100.4".parse().unwrap();
    let udp = udp.advertise(move |conn: &ConnInfo, bound: SocketAddr| {
        assert!(conn.local.ip().is_some_and(|ip| ip == bound.ip()));
        SocketAddr::new(outside, bound.port())
    });
    let server = Server::start(socks(udp)).await;
    let control = script("0.0.0.0:0").expect_reply(0).run(server.addr).await;
    assert_eq!(control.bound.unwrap().ip(), outside);
}

/// UD-9: on a wildcard socket datagrams are taken at each of this machine's addresses, and not only
/// until the client has shown its port.
#[tokio::test]
async fn a_wildcard_socket_stays_one() {
    let udp = UdpRelay::new().bind("0.0.0.0".parse().unwrap());
    // Not the address that the system would answer the client from.
    let told: SocketAddr = "127.0.0.2:1080".parse().unwrap();
    let server = Server::start_claiming(socks(udp), Some(told)).await;
    let (_control, client) = associate(&server).await;
    assert_eq!(client.relay.ip(), told.ip());
    let target = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let destination = target.local_addr().unwrap().to_string();
    for _ in 0..3 {
        client.send(&destination, b"x").await;
        let mut heard = [0; 9];
        let arrives = timeout(Duration::from_secs(5), target.recv_from(&mut heard));
        arrives.await.expect("it is relayed").unwrap();
    }
}

/// UD-9: a client that was told one of this machine's addresses is answered from that one, and from
/// another that it sends to, whatever comes from elsewhere, whether datagrams go one by one or together.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn a_wildcard_socket_answers_from_where_it_is_reached() {
    let udp = UdpRelay::new().bind("0.0.0.0".parse().unwrap());
    let told: SocketAddr = "127.0.0.2:1080".parse().unwrap();
    let server = Server::start_claiming(socks(udp), Some(told)).await;
    let (_control, mut client) = associate(&server).await;
    let target = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let there = target.local_addr().unwrap();
    let other: IpAddr = "127.0.0.3".parse().unwrap();
    for relay in [told.ip(), other] {
        client.relay.set_ip(relay);
        client.send(&there.to_string(), b"x").await;
        let (_, outside) = target.recv_from(&mut [0; 9]).await.unwrap();
        let stranger = UdpPeer::new("127.0.0.9:0", client.relay).await;
        let elsewhere = SocketAddr::new("127.0.0.4".parse().unwrap(), client.relay.port());
        let octets = support::udp_datagram(0, &there.to_string(), b"x");
        stranger.socket.send_to(&octets, elsewhere).await.unwrap();
        // Some of them make up a piece that the system cuts.
        let answers = [&b"a"[..], b"bbb", b"ccc", b"ddd", b"", b"e", b"ff"];
        for answer in answers {
            target.send_to(answer, outside).await.unwrap();
        }
        for answer in answers {
            assert_eq!(client.receive().await, (there, answer.to_vec()));
        }
    }
}

/// UD-12: no sockets is 01, refused is 02, switched off is 07.
#[tokio::test]
async fn refusals() {
    let foreign = UdpRelay::new().bind("192.0.2.1".parse().unwrap());
    let denied = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::deny()) });
    for (service, code) in [
        (socks(foreign), 1),
        (socks(UdpRelay::new()).access(denied), 2),
        (open(NOWHERE.parse().unwrap()), 7),
    ] {
        let mut server = Server::start(service).await;
        script("0.0.0.0:0")
            .expect_reply(code)
            .expect_end()
            .run(server.addr)
            .await;
        assert_eq!(server.report().await.end.code(), Some(ReplyCode(code)));
    }
}

/// UD-12: a client without an IP address cannot be told from others, so it gets 01 unless
/// configured otherwise.
#[tokio::test]
async fn clients_without_an_address() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let local: IpAddr = "127.0.0.1".parse().unwrap();
    for (udp, code) in [
        (UdpRelay::new(), 1),
        (UdpRelay::new().unnamed_clients(local), 0),
    ] {
        let (client, io) = duplex(1024);
        tokio::spawn(socks(udp).oneshot(Incoming::unnamed(io)));
        let control = script("0.0.0.0:0")
            .expect_reply(code)
            .run_over(client)
            .await;
        if code == 0 {
            let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
            client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;
        }
    }
}

/// UD-40: flags of the 1999 revision are ignored and answered with 00.
#[tokio::test]
async fn flags_are_ignored() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let server = Server::start(socks(UdpRelay::new())).await;
    for flag in [1, 4, 5] {
        let script = Peer::script().greet([0]).expect_method(0);
        let script = script.send([5, 3, flag, 1, 192, 0, 2, 7, 0x13, 0x88]);
        let control = script.expect_reply(0).run(server.addr).await;
        let client = UdpPeer::new("127.0.0.1:0", control.bound.unwrap()).await;
        client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;
    }
}
