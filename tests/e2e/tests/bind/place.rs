use std::{
    collections::HashSet,
    io,
    net::{IpAddr, SocketAddr},
};

use socks_core::message::{AccessRequest, ConnInfo, Egress, Permit, Verdict};
use socks_tower::{BoxError, TcpBinder};
use support::{Peer, Server};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tower::service_fn;

use super::{connect_from, listen_at, listening, listening4, reply, requesting, serving};

/// A port that is free at this moment.
async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

fn egress(ip: [u8; 4]) -> Egress {
    let mut egress = Egress::new();
    egress.ipv4 = Some(ip.into());
    egress
}

/// BI-3: SOCKS5's port is a wish, granted if it is free; in SOCKS4 it is not one.
#[tokio::test]
async fn the_wish_for_a_port() {
    let server = Server::start(serving(TcpBinder::new())).await;
    let wish = free_port().await;
    let destination = format!("127.0.0.1:{wish}");
    let (client, bound) = listening(&server, &destination).await;
    assert_eq!(bound.port(), wish);
    let (_client, other) = listening(&server, &destination).await;
    assert_ne!(other.port(), wish, "it is taken");
    drop(client);
    let wish = free_port().await;
    let (_client, bound) = listening4(&server, &format!("127.0.0.1:{wish}")).await;
    assert_ne!(bound.port(), wish);
}

/// BI-3, BI-21, SE-60: ports below 1024, the proxy's own port and excluded ones are never bound,
/// wherever they would be free.
#[tokio::test]
async fn ports_of_others() {
    let excluded = free_port().await;
    let binder = TcpBinder::new()
        .exclude_ports([excluded])
        .egress(egress([127, 0, 0, 9]));
    let server = Server::start(serving(binder)).await;
    for wish in [1, 80, 1023, excluded, server.addr.port()] {
        let (_client, bound) = listening(&server, &format!("127.0.0.1:{wish}")).await;
        assert!(bound.port() >= 1024 && bound.port() != wish, "{bound}");
        // The wish is free at the listener's address, but for privileges.
        if wish >= 1024 {
            listen_at(SocketAddr::new(bound.ip(), wish)).unwrap();
        }
    }
}

/// S4-18, BI-4: for any peer SOCKS4's port is a wish as well.
#[tokio::test]
async fn the_wish_of_socks4() {
    let server = Server::start(serving(TcpBinder::new())).await;
    let wish = free_port().await;
    let (mut client, bound) = listening4(&server, &format!("0.0.0.0:{wish}")).await;
    assert_eq!(bound, SocketAddr::new(server.addr.ip(), wish));
    let _peer = connect_from("127.0.0.7", bound).await.unwrap();
    assert_eq!(client.read(2).await, [0, 0x5a]);
}

/// BI-21, SE-56, SE-29: listeners are at the configured address and nowhere else, on ports of the
/// configured range; when those are taken it is 01.
#[tokio::test]
async fn the_configured_range() {
    // Out of the way of the ports that the system chooses.
    let first = 20_000 + free_port().await % 10_000;
    let range = first..=first + 3;
    let binder = TcpBinder::new()
        .ports(range.clone())
        .egress(egress([127, 0, 0, 9]))
        .max_per_client(9);
    let server = Server::start(serving(binder)).await;
    let (mut clients, mut seen) = (Vec::new(), HashSet::new());
    for wish in [0, 0, 80, 9] {
        let (client, bound) = listening(&server, &format!("127.0.0.1:{wish}")).await;
        assert_eq!(bound.ip().to_string(), "127.0.0.9");
        assert!(range.contains(&bound.port()) && seen.insert(bound.port()));
        let elsewhere = SocketAddr::new("127.0.0.1".parse().unwrap(), bound.port());
        let refused = TcpStream::connect(elsewhere).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        clients.push(client);
    }
    let script = requesting().bind("127.0.0.1:0").expect_reply(1);
    script.expect_end().run(server.addr).await;
    let script = Peer::script().request4(2, "127.0.0.1:21", "");
    script.expect_reply4(0x5b).run(server.addr).await;
}

/// BI-9: an access rule that names the address of a user's connections names that of its listeners.
#[tokio::test]
async fn the_address_of_a_permit() {
    let access = service_fn(|_: AccessRequest| async {
        let permit = Permit::new().egress(egress([127, 0, 0, 8]));
        Ok::<_, BoxError>(Verdict::Allow(permit))
    });
    let binder = TcpBinder::new().egress(egress([127, 0, 0, 9]));
    let server = Server::start(serving(binder).access(access)).await;
    let (_client, bound) = listening(&server, "127.0.0.1:0").await;
    assert_eq!(bound.ip().to_string(), "127.0.0.8");
}

/// BI-9: behind address translation the client is told the address outside, a constant or by
/// connection; the port is the listener's.
#[tokio::test]
async fn the_advertised_address() {
    let outside: IpAddr = "192.0.2.80".parse().unwrap();
    let by_connection = move |conn: &ConnInfo, listening: SocketAddr| {
        assert!(conn.peer.ip().is_some() && listening.ip().is_loopback());
        outside
    };
    for binder in [
        TcpBinder::new().advertise(outside),
        TcpBinder::new().advertise(by_connection),
    ] {
        let server = Server::start(serving(binder)).await;
        let (mut client, bound) = listening(&server, "127.0.0.1:0").await;
        assert_eq!(bound.ip(), outside);
        let inside = SocketAddr::new("127.0.0.1".parse().unwrap(), bound.port());
        let peer = TcpStream::connect(inside).await.unwrap();
        let second = client.read(10).await;
        assert_eq!(second, reply(0, peer.local_addr().unwrap()));
    }
    // It stands for its own family only.
    let binder = TcpBinder::new().advertise("2001:db8::1".parse::<IpAddr>().unwrap());
    let server = Server::start(serving(binder)).await;
    let (_client, bound) = listening(&server, "127.0.0.1:0").await;
    assert!(bound.ip().is_loopback());
}

/// BI-9: an IPv6 peer is awaited at an IPv6 address.
#[tokio::test]
async fn the_family_of_the_peer() {
    if !support::has_ipv6().await {
        return;
    }
    let server = Server::start(serving(TcpBinder::new())).await;
    let (mut client, bound) = listening(&server, "[::1]:0").await;
    assert_eq!(bound.ip().to_string(), "::1");
    let _peer = TcpStream::connect(bound).await.unwrap();
    assert_eq!(client.read(4).await, [5, 0, 0, 4]);
}

/// BI-23: another process cannot take the port over by address reuse.
#[tokio::test]
async fn the_port_cannot_be_taken_over() {
    let server = Server::start(serving(TcpBinder::new())).await;
    let (_client, bound) = listening(&server, "127.0.0.1:0").await;
    for at in [bound, SocketAddr::new([0, 0, 0, 0].into(), bound.port())] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        #[cfg(unix)]
        socket.set_reuseport(true).unwrap();
        let taken = socket.bind(at).and_then(|()| socket.listen(1)).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }
}
