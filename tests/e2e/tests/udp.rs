//! UDP ASSOCIATE with real sockets. What takes time, and all combinations of policies, is tested
//! in socks-tower without them.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use e2e::open;
use socks_core::{
    ReplyCode,
    message::{AccessRequest, Associate, ConnInfo, Permit, Verdict},
    subnegotiation::{Protection, ProtectionError},
};
use socks_tower::{
    Addrs, BoxError, Incoming, Name, ResolveError, SessionEnd, SocksService, UdpRelay,
    udp::{DropReason, UdpCounters},
};
use support::{Peer, Script, Server, UdpEcho, UdpPeer, has_ipv6, udp_datagram};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    net::{TcpListener, TcpSocket, UdpSocket},
    sync::{Notify, mpsc},
    time::Instant,
};
use tower::{ServiceExt, service_fn};

const NOWHERE: &str = "127.0.0.1:9";

fn socks(udp: UdpRelay) -> SocksService {
    open(NOWHERE.parse().unwrap()).udp_relayer(udp)
}

/// The same, with the counters of each association.
fn counted(udp: UdpRelay) -> (SocksService, mpsc::UnboundedReceiver<Arc<UdpCounters>>) {
    let (sender, counters) = mpsc::unbounded_channel();
    let udp = udp.map_response(move |association: socks_tower::Association| {
        let _ = sender.send(association.datagrams.clone());
        association
    });
    (open(NOWHERE.parse().unwrap()).udp_relayer(udp), counters)
}

fn script(declared: &str) -> Script {
    Peer::script()
        .greet([0])
        .expect_method(0)
        .udp_associate(declared)
}

async fn associate(server: &Server) -> (Peer, UdpPeer) {
    let control = script("0.0.0.0:0").expect_reply(0).run(server.addr).await;
    let relay = control.bound.unwrap();
    (control, UdpPeer::new("127.0.0.1:0", relay).await)
}

/// Lets the relay's task see what was sent to it.
async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

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

async fn over_ipv6() -> (tokio::task::JoinHandle<()>, Peer, UdpPeer) {
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

/// UD-5, UD-16, SE-25: a foreign address, another port of the client's, and the client of another
/// association get nothing relayed; they cannot pin, redirect or end the association, before and
/// after it is pinned, in 10,000 datagrams.
#[tokio::test]
async fn foreign_sources() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let stolen = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let loot = stolen.local_addr().unwrap().to_string();
    let (service, mut counters) = counted(UdpRelay::new());
    let server = Server::start(service).await;
    let (_control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    let (_other_control, other) = associate(&server).await;
    let mut foreign = vec![UdpPeer::new("127.0.0.2:0", client.relay).await];
    let attack = udp_datagram(0, &loot, b"stolen");
    let destination = echo.addr.to_string();

    // Before the pin another port of the same address is not foreign yet (SE-30).
    for _ in 0..1_000 {
        foreign[0].send_raw(&attack).await;
        foreign[0].send_raw(b"").await;
        tokio::task::yield_now().await;
    }
    until(|| counters.dropped(DropReason::Foreign) > 0).await;
    client.echoes(&destination, echo.addr, b"mine").await;
    other.echoes(&destination, echo.addr, b"also mine").await;
    foreign.push(UdpPeer::new("127.0.0.1:0", client.relay).await);
    foreign.push(UdpPeer {
        socket: other.socket,
        relay: client.relay,
    });
    for round in 0..2_700 {
        for socket in &foreign {
            // Once the relay is connected the kernel refuses: an error that is not ours to see.
            let _ = socket.socket.send_to(&attack, client.relay).await;
        }
        if round % 100 == 0 {
            client.echoes(&destination, echo.addr, b"still mine").await;
        }
    }
    client.echoes(&destination, echo.addr, b"the end").await;
    let heard = stolen.try_recv_from(&mut [0; 99]);
    assert_eq!(heard.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    for socket in &foreign {
        assert!(socket.socket.try_recv_from(&mut [0; 99]).is_err());
    }
    assert_eq!(counters.sent(), 29);
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

/// UD-32: the answer of a target that a name led to is read when it comes, not when something else
/// wakes the relay. The timers are far away, so that it would be waited for till the guard's end.
#[tokio::test]
async fn the_first_answer_by_name_is_not_waited_for() {
    if !has_ipv6().await {
        return;
    }
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let resolver = service_fn(|_: Name| async {
        let addr = std::net::IpAddr::from([127, 0, 0, 1]);
        Ok::<_, BoxError>(socks_tower::Addrs::from_iter([addr]))
    });
    let far = Duration::from_secs(3_600);
    let udp = UdpRelay::new().resolver(resolver);
    let udp = udp.lookup_timeout(far).idle_timeout(far).name_cache(far, 1);
    let server = Server::start(open(NOWHERE.parse().unwrap()).udp_relayer(udp)).await;
    let (_control, client) = associate(&server).await;
    // The first datagram pins the client, which wakes the relay once more by itself.
    let other = UdpEcho::start("[::1]:0").await;
    client
        .echoes(&other.addr.to_string(), other.addr, b"pin")
        .await;
    let named = format!("target.example:{}", echo.addr.port());
    let exchange = client.echoes(&named, echo.addr, b"x");
    let guard = tokio::time::timeout(Duration::from_secs(20), exchange);
    guard.await.expect("the answer is relayed");
}

/// UD-32, UD-28, UD-18: a name that takes long does not hold up the rest; what it resolves to is
/// judged; replies name the address.
#[tokio::test]
async fn names() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let answer = Arc::new(Notify::new());
    let gate = answer.clone();
    let resolver = service_fn(move |name: Name| {
        let gate = gate.clone();
        async move {
            if name.as_str() == "slow.example" {
                gate.notified().await;
            }
            let ip = match name.as_str() {
                "inside.example" => [127, 0, 0, 9],
                _ => [127, 0, 0, 1],
            };
            Ok::<_, ResolveError>(Addrs::from_iter([IpAddr::from(ip)]))
        }
    });
    let udp = UdpRelay::new().resolver(resolver);
    let inside: IpAddr = "127.0.0.9".parse().unwrap();
    let access = service_fn(move |_: AccessRequest| async move {
        let permit = Permit::new().filter(move |addr: SocketAddr| addr.ip() != inside);
        Ok::<_, BoxError>(Verdict::Allow(permit))
    });
    let socks = open(NOWHERE.parse().unwrap())
        .access(access)
        .udp_relayer(udp);
    let mut server = Server::start(socks).await;
    let (control, client) = associate(&server).await;
    let port = echo.addr.port();
    client.send(&format!("slow.example:{port}"), b"slow").await;
    client
        .send(&format!("inside.example:{port}"), b"inside")
        .await;
    client.echoes(&echo.addr.to_string(), echo.addr, b"x").await;
    client
        .echoes(&format!("fast.example:{port}"), echo.addr, b"fast")
        .await;
    answer.notify_one();
    assert_eq!(client.receive().await, (echo.addr, b"slow".to_vec()));
    drop(control);
    let datagrams = server.report().await.datagrams.unwrap();
    assert_eq!(datagrams.dropped(DropReason::NotPermitted), 1);
}

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
    let mut steps = std::collections::HashSet::new();
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

/// UD-38, SE-21: an idle association is ended by closing its control connection; datagrams put it
/// off.
#[tokio::test(start_paused = true)]
async fn idle_associations() {
    let (mut control, io) = duplex(1024);
    let udp = UdpRelay::new().unnamed_clients("127.0.0.1".parse::<IpAddr>().unwrap());
    let session = tokio::spawn(socks(udp).oneshot(Incoming::unnamed(io)));
    let peer = script("0.0.0.0:0")
        .expect_reply(0)
        .run_over(&mut control)
        .await;
    let relay = peer.bound.unwrap();
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let there = target.local_addr().unwrap().to_string();
    let since = Instant::now();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(200)).await;
        client
            .send_to(&udp_datagram(0, &there, b"x"), relay)
            .unwrap();
        target.recv_from(&mut [0; 9]).await.unwrap();
    }
    assert_eq!(control.read(&mut [0]).await.unwrap(), 0);
    let report = session.await.unwrap().unwrap();
    assert!(matches!(report.end, SessionEnd::Idle), "{report:?}");
    let lasted = since.elapsed().as_secs();
    assert!((900..=901).contains(&lasted), "{lasted}");
}

/// A stand-in for a mechanism: every octet is turned over, behind one that says so.
#[derive(Debug)]
struct Veil;

impl Protection for Veil {
    fn wrap(&mut self, plain: &[u8], output: &mut Vec<u8>) -> Result<(), ProtectionError> {
        output.push(3);
        output.extend(plain.iter().map(|octet| !octet));
        Ok(())
    }

    fn unwrap(&mut self, input: &mut &[u8], plain: &mut Vec<u8>) -> Result<(), ProtectionError> {
        let (3, rest) = input
            .split_first()
            .map(|(v, r)| (*v, r))
            .ok_or(ProtectionError)?
        else {
            return Err(ProtectionError);
        };
        plain.extend(rest.iter().map(|octet| !octet));
        *input = &[];
        Ok(())
    }

    fn frame_limit(&self) -> usize {
        usize::MAX
    }
}

/// UD-19: header and data are encapsulated together, both ways, and nothing in clear is relayed.
#[tokio::test]
async fn protected_datagrams() {
    let echo = UdpEcho::start("127.0.0.1:0").await;
    let udp = UdpRelay::new()
        .protection(|_: &Associate| -> Option<Box<dyn Protection>> { Some(Box::new(Veil)) });
    let (service, mut counters) = counted(udp);
    let server = Server::start(service).await;
    let (_control, client) = associate(&server).await;
    let counters = counters.recv().await.unwrap();
    let clear = udp_datagram(0, &echo.addr.to_string(), b"secret");
    client.send_raw(&clear).await;
    let mut veiled = Vec::new();
    Veil.wrap(&clear, &mut veiled).unwrap();
    client.send_raw(&veiled).await;
    let mut heard = [0; 100];
    let (len, _) = client.socket.recv_from(&mut heard).await.unwrap();
    assert_eq!(heard[..len], veiled);
    assert_eq!(counters.dropped(DropReason::Protection), 1);
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
