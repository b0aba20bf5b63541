use std::{sync::Arc, time::Duration};

use socks_tower::{SessionEnd, UdpRelay, udp::DropReason};
use support::{Server, UdpEcho, UdpPeer, udp_datagram};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UdpSocket,
    task::yield_now,
    time::timeout,
};

use super::{associate, counted, socks, until};

/// UD-1, UD-37: an end of the control connection in any way frees the relay's port: closed, reset
/// in the middle of a burst, half-closed, or too much said on it.
#[tokio::test]
async fn the_control_connection_ends_it() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let mut server = Server::start(socks(UdpRelay::new())).await;
    for way in 0..4 {
        let (mut control, client) = associate(&server).await;
        client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;
        for _ in 0..50 {
            client.send(&echo.addr.to_string(), &[0; 512]).await;
        }
        match way {
            0 => drop(control),
            1 => {
                control.stream.set_zero_linger().unwrap();
                drop(control);
            }
            2 => control.stream.shutdown().await.unwrap(),
            _ => {
                control.send([0; 4097]).await;
                let _ = control.stream.read_to_end(&mut Vec::new()).await;
            }
        }
        let report = server.report().await;
        assert!(
            matches!(report.end, SessionEnd::Closed),
            "{way}: {report:?}"
        );
        UdpSocket::bind(client.relay)
            .await
            .expect("the port is free");
    }
}

/// UD-39: that the client's own port is closed for a while, which ICMP reports on the connected
/// socket, is counted and ends nothing.
#[tokio::test]
async fn a_client_that_closes_its_port() {
    let target = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let there = target.local_addr().unwrap();
    let (service, mut counters) = counted(UdpRelay::new());
    let server = Server::start(service).await;
    let (_control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    client.send(&there.to_string(), b"x").await;
    let (_, outside) = target.recv_from(&mut [0; 9]).await.unwrap();
    let (local, relay) = (client.local_addr().to_string(), client.relay);
    drop(client);
    target.send_to(b"lost", outside).await.unwrap();
    until(|| counters.received() == 1).await;
    let client = UdpPeer::new(&local, relay).await;
    target.send_to(b"heard", outside).await.unwrap();
    assert_eq!(client.receive().await, (there, b"heard".to_vec()));
    assert_eq!(counters.dropped(DropReason::Socket), 1);
}

/// UD-1, UD-37: a control connection that is reset while datagrams come without a pause, both
/// ways, ends the association within a second: the port is free, and nothing more is relayed.
#[tokio::test]
async fn a_reset_in_the_middle_of_a_burst() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let (service, mut counters) = counted(UdpRelay::new());
    let mut server = Server::start(service).await;
    let (control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    let UdpPeer { socket, relay } = client;
    let datagram = udp_datagram(0, &echo.addr.to_string(), &[0; 512]);
    let socket = Arc::new(socket);
    let sending = socket.clone();
    let burst = tokio::spawn(async move {
        loop {
            // Refused once nobody is there any more.
            let _ = sending.send_to(&datagram, relay).await;
            yield_now().await;
        }
    });
    until(|| counters.received() > 100).await;
    control.stream.set_zero_linger().unwrap();
    drop(control);
    let report = timeout(Duration::from_secs(1), server.report()).await;
    let report = report.expect("within a second");
    assert!(matches!(report.end, SessionEnd::Closed), "{report:?}");
    UdpSocket::bind(relay).await.expect("the port is free");
    let relayed = (counters.sent(), counters.received());
    for _ in 0..1_000 {
        yield_now().await;
    }
    assert!(!burst.is_finished());
    assert_eq!((counters.sent(), counters.received()), relayed);
    burst.abort();
}
