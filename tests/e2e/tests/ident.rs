//! Ident lookups (RFC 1413) over sockets, against an ident server that says what a test wrote.

use std::net::SocketAddr;

use e2e::{open, with_login};
use socks_core::message::{AuthRequest, Authentication, Identity, Rejection};
use socks_tower::{
    BoxError, IdentLayer, IdentPolicy, Incoming, MapIncomingLayer, SessionEnd, SocksService,
};
use support::{IdentQuery, Identd, Peer, Script, Server, Target, has_ipv6};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
};
use tower::{Layer, ServiceExt, service_fn};

/// Asks about loopback clients at `identd`.
fn layer(identd: &Identd, policy: IdentPolicy) -> IdentLayer {
    let layer = IdentLayer::new().loopback(true).port(identd.port);
    layer.policy(move |_| policy)
}

/// Everybody is let in, with the claim of a SOCKS4 client.
fn everybody(target: SocketAddr, ident: &IdentLayer) -> SocksService {
    let everybody = service_fn(|request: AuthRequest| async move {
        let identity = Identity::claimed(&request.credentials);
        Ok::<_, BoxError>(Authentication::Accepted(identity))
    });
    open(target).authenticator(ident.layer(everybody))
}

async fn required(target: SocketAddr) -> (Identd, Server) {
    let identd = Identd::start("127.0.0.1").await;
    let service = everybody(target, &layer(&identd, IdentPolicy::Required));
    (identd, Server::start(service).await)
}

/// Answers each question like this.
fn answering(identd: Identd, template: &'static [u8]) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            identd.query().await.answer(template).await;
        }
    })
}

fn socks4(user: &str) -> Script {
    Peer::script().request4(1, "t:80", user)
}

async fn hint(server: &mut Server) -> Option<String> {
    let report = server.report().await;
    let ident = report.identity.unwrap().ident.clone();
    ident.map(|hint| hint.to_string())
}

/// ID-2, ID-3, ID-5, ID-26, ID-27: the client's own address is asked from the address that the
/// client has connected to, for the ports of that connection, by one question; then the connection
/// is closed.
#[tokio::test]
async fn the_clients_host_is_asked() {
    let target = Target::echo().await;
    let identd = Identd::start("127.0.0.5").await;
    let service = everybody(target.addr, &layer(&identd, IdentPolicy::Required));
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        service.oneshot(Incoming::tcp(stream, peer).unwrap()).await
    });
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.5:0".parse().unwrap()).unwrap();
    let client = socket.connect(([127, 0, 0, 9], port).into()).await.unwrap();
    let client_port = client.local_addr().unwrap().port();
    let client = tokio::spawn(socks4("fred").expect_reply4(0x5a).run_over(client));

    let mut query = identd.query().await;
    assert_eq!(query.from.ip().to_string(), "127.0.0.9");
    assert_eq!(query.ports, format!("{client_port},{port}"));
    query.answer("PORTS : USERID : UNIX : fred\r\n").await;
    query.closed().await;
    assert_eq!(client.await.unwrap().finish().await, b"");
    serving.await.unwrap().unwrap();
    assert!(!identd.has_connection());
}

/// ID-2, ID-5: over IPv6 as over IPv4.
#[tokio::test]
async fn the_clients_host_is_asked_over_ipv6() {
    if !has_ipv6().await {
        return;
    }
    let target = Target::echo().await;
    let identd = Identd::start("::1").await;
    let service = everybody(target.addr, &layer(&identd, IdentPolicy::Required));
    let listener = TcpListener::bind("[::1]:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        service.oneshot(Incoming::tcp(stream, peer).unwrap()).await
    });
    let client = tokio::spawn(socks4("fred").expect_reply4(0x5a).run(addr));
    let mut query = identd.query().await;
    assert_eq!(query.from.ip(), addr.ip());
    assert!(query.ports.ends_with(&format!(",{}", addr.port())));
    query.answer("PORTS:USERID:UNIX:fred\r\n").await;
    client.await.unwrap();
}

/// ID-7, ID-9, ID-11, ID-12, ID-13, ID-15, ID-20, S4-24: what confirms a SOCKS4 user id, and what
/// denies it (5D).
#[tokio::test]
async fn user_ids() {
    let long = "u".repeat(512);
    let longest = format!("PORTS:USERID:UNIX:{long}\r\n").leak().as_bytes();
    let target = Target::echo().await;
    for (answer, user, code) in [
        (&b"PORTS : USERID : UNIX : fred\r\n"[..], "fred", 0x5a),
        (b"PORTS:USERID:UNIX:fred\r\n", "fred", 0x5a),
        (b"PORTS:USERID:UNIX,UTF-8:fred\r\n", "fred", 0x5a),
        (b"PORTS:USERID:UNIX:   fred\n", "fred", 0x5a),
        (b"PORTS:USERID:UNIX:a:b\r\n", "a:b", 0x5a),
        (longest, &long, 0x5a),
        (b"PORTS:USERID:UNIX:fred\r\n", "Fred", 0x5d),
        (b"PORTS:USERID:UNIX:fred\r\n", "fre", 0x5d),
        (b"PORTS:USERID:UNIX:fred\r\n", "", 0x5d),
        (b"PORTS:USERID:UNIX:fred \r\n", "fred", 0x5d),
        (b"PORTS:USERID:UNIX:\tfred\r\n", "fred", 0x5d),
        (b"PORTS:USERID:OTHER:fred\r\n", "fred", 0x5d),
    ] {
        let (identd, mut server) = required(target.addr).await;
        let answering = answering(identd, answer);
        let mut peer = socks4(user).expect_reply4(code).run(server.addr).await;
        assert_eq!(peer.finish().await, b"");
        let end = server.report().await.end;
        match code {
            0x5a => assert!(matches!(end, SessionEnd::Closed), "{end:?}"),
            _ => {
                let mismatch = matches!(end, SessionEnd::Rejected(Rejection::IdentMismatch));
                assert!(mismatch, "{end:?}");
                assert_eq!(end.name(), "ident_mismatch");
            }
        }
        answering.abort();
    }
}

/// ID-13: an identifier that is not a user name counts where it was configured.
#[tokio::test]
async fn other_counts_if_configured() {
    let target = Target::echo().await;
    let identd = Identd::start("127.0.0.1").await;
    let ident = layer(&identd, IdentPolicy::Required).accept_other(true);
    let server = Server::start(everybody(target.addr, &ident)).await;
    let answering = answering(identd, b"PORTS:USERID:OTHER:3f9a0c\r\n");
    let script = socks4("3f9a0c").expect_reply4(0x5a);
    script.run(server.addr).await.finish().await;
    let script = socks4("fred").expect_reply4(0x5d).expect_end();
    script.run(server.addr).await;
    answering.abort();
}

/// ID-10, ID-14, ID-16, ID-17, ID-18, ID-19, S4-24: every other answer is 5C.
#[tokio::test]
async fn no_answer() {
    let flood = "u".repeat(100_000);
    let flood = format!("PORTS:USERID:UNIX:{flood}").leak().as_bytes();
    let long = "u".repeat(513);
    let long = format!("PORTS:USERID:UNIX:{long}\r\n").leak().as_bytes();
    let target = Target::silent().await;
    for answer in [
        &b"PORTS : ERROR : INVALID-PORT\r\n"[..],
        b"PORTS : ERROR : NO-USER\r\n",
        b"PORTS : ERROR : HIDDEN-USER\r\n",
        b"PORTS : ERROR : UNKNOWN-ERROR\r\n",
        b"PORTS:ERROR:XNOPE\r\n",
        b"PORTS:ERROR:NOPE\r\n",
        b"PORTS:MAYBE:fred\r\n",
        b"PORTS:USERID:UNIX:fr\0ed\r\n",
        b"PORTS:USERID:UNIX:\r\n",
        b"hello\r\n",
        b"\r\n",
        b"1,2:USERID:UNIX:fred\r\n",
        b"PORTS:USERID:UNIX:fred",
        b"",
        flood,
        long,
    ] {
        let (identd, mut server) = required(target.addr).await;
        let answering = answering(identd, answer);
        let script = socks4("fred").expect_reply4(0x5c).expect_end();
        script.run(server.addr).await;
        let end = server.report().await.end;
        let unreachable = matches!(end, SessionEnd::Rejected(Rejection::IdentUnreachable));
        assert!(unreachable, "{end:?}");
        assert_eq!(end.name(), "ident_unreachable");
        answering.abort();
    }
}

/// ID-18, ID-19: nobody listens, or the connection is reset.
#[tokio::test]
async fn no_ident_server() {
    let target = Target::silent().await;
    let (identd, server) = required(target.addr).await;
    let refused = || socks4("fred").expect_reply4(0x5c).expect_end();
    let client = tokio::spawn(refused().run(server.addr));
    let query = identd.query().await;
    query.stream.set_zero_linger().unwrap();
    drop(query);
    client.await.unwrap();
    drop(identd);
    refused().run(server.addr).await;
}

/// ID-19: with SOCKS5 method 00 is not selected, and a login fails, though its password was right.
#[tokio::test]
async fn socks5_needs_an_answer() {
    let target = Target::echo().await;
    let (identd, server) = required(target.addr).await;
    let user = service_fn(|_: AuthRequest| async {
        let identity = Identity::user("user", socks_core::Method::USERNAME_PASSWORD);
        Ok::<_, BoxError>(Authentication::Accepted(identity))
    });
    let ident = layer(&identd, IdentPolicy::Required);
    let login = with_login(target.addr).authenticator(ident.layer(user));
    let mut login = Server::start(login).await;
    let login_script = || {
        Peer::script()
            .greet([2])
            .expect_method(2)
            .login("user", "pass")
    };
    let plain = || Peer::script().greet([0]);

    let answering_ = answering(identd, b"PORTS:USERID:UNIX:fred\r\n");
    let script = plain().expect_method(0).connect("t:80").expect_reply(0);
    script.run(server.addr).await.finish().await;
    let script = login_script().expect_login(true).connect("t:80");
    script.expect_reply(0).run(login.addr).await.finish().await;
    let identity = login.report().await.identity.unwrap();
    assert_eq!(identity.user, Some("user".into()));
    assert_eq!(identity.ident.as_ref().unwrap().user_id(), b"fred");

    answering_.abort();
    let _ = answering_.await;
    plain()
        .expect_method(0xff)
        .expect_end()
        .run(server.addr)
        .await;
    login_script()
        .expect_login(false)
        .expect_end()
        .run(login.addr)
        .await;
}

/// ID-21, ID-24, ID-25: where it is optional, the answer is a hint whatever it says, escaped when
/// it is shown, and no answer is no hint.
#[tokio::test]
async fn an_optional_answer_is_a_hint() {
    let target = Target::echo().await;
    for (answer, shown) in [
        (&b"PORTS:USERID:UNIX: barney\r\n"[..], Some("barney")),
        (b"PORTS:USERID:OTHER:3f9a0c\r\n", Some("3f9a0c")),
        (b"PORTS:USERID:UNIX:a\x1b[2J\r\n", Some(r"a\x1b[2J")),
        (b"PORTS:USERID:UNIX,KOI8-R:\xc1\r\n", Some(r"\xc1 (c1)")),
        (b"PORTS:ERROR:HIDDEN-USER\r\n", None),
        (b"nonsense\r\n", None),
    ] {
        let identd = Identd::start("127.0.0.1").await;
        let ident = layer(&identd, IdentPolicy::Optional);
        let mut server = Server::start(everybody(target.addr, &ident)).await;
        let answering = answering(identd, answer);
        let script = socks4("fred").expect_reply4(0x5a);
        script.run(server.addr).await.finish().await;
        let report = server.report().await;
        let identity = report.identity.unwrap();
        let hint = identity.ident.as_ref().map(|hint| hint.to_string());
        assert_eq!(hint.as_deref(), shown);
        assert_eq!(identity.user, None);
        assert_eq!(identity.claimed, Some("fred".into()));
        answering.abort();
    }
}

/// ID-1, ID-27: nobody is asked unless a layer says so, a loopback client not unless that is
/// configured, and nobody whom the policy leaves alone.
#[tokio::test]
async fn nobody_is_asked() {
    let target = Target::echo().await;
    let identd = Identd::start("127.0.0.1").await;
    let skipped = layer(&identd, IdentPolicy::Skip);
    let loopback = layer(&identd, IdentPolicy::Optional).loopback(false);
    for ident in [skipped, loopback] {
        let service = ident.layer(everybody(target.addr, &ident));
        let mut server = Server::start(service).await;
        let script = socks4("fred").expect_reply4(0x5a);
        script.run(server.addr).await.finish().await;
        assert_eq!(hint(&mut server).await, None);
    }
    // Required all the same: nobody confirms, so nobody gets in.
    let ident = layer(&identd, IdentPolicy::Required).loopback(false);
    let server = Server::start(everybody(target.addr, &ident)).await;
    let script = socks4("fred").expect_reply4(0x5c).expect_end();
    script.run(server.addr).await;
    assert!(!identd.has_connection());
}

/// ID-3: an address that something else supplied is not asked, be it a layer between socket and
/// service or whoever made the connection's addresses up; nor is the socket's own in its place.
#[tokio::test]
async fn rewritten_addresses_are_not_asked() {
    let target = Target::silent().await;
    let identd = Identd::start("127.0.0.1").await;
    let proxied = |peer: bool| {
        MapIncomingLayer::new(move |mut incoming: Incoming<TcpStream>| async move {
            let other = SocketAddr::from(([127, 0, 0, 1], 7));
            match peer {
                true => incoming.peer = other.into(),
                false => incoming.local = other.into(),
            }
            Ok::<_, BoxError>(incoming)
        })
    };
    let ident = layer(&identd, IdentPolicy::Required);
    for peer in [true, false] {
        let service = everybody(target.addr, &ident);
        // What a layer in front starts to ask about the socket itself does not count either.
        let service = proxied(peer).layer(ident.layer(service));
        let service = service.map_err(|error| panic!("{error}"));
        let server = Server::start(service).await;
        let script = socks4("fred").expect_reply4(0x5c).expect_end();
        script.run(server.addr).await;
    }
    let claiming = Some(SocketAddr::from(([127, 0, 0, 1], 8)));
    let server = Server::start_claiming(everybody(target.addr, &ident), claiming).await;
    let script = socks4("fred").expect_reply4(0x5c).expect_end();
    script.run(server.addr).await;
    assert!(!identd.has_connection());
}

/// ID-3: a lookup that began before the address was replaced is not taken for the new address's.
#[tokio::test]
async fn a_started_lookup_is_of_its_own_address() {
    let target = Target::silent().await;
    let identd = Identd::start("127.0.0.1").await;
    let ident = layer(&identd, IdentPolicy::Required);
    let proxied = MapIncomingLayer::new(|mut incoming: Incoming<TcpStream>| async move {
        incoming.peer = SocketAddr::from(([127, 0, 0, 1], 7)).into();
        Ok::<_, BoxError>(incoming)
    });
    let service = ident.layer(proxied.layer(everybody(target.addr, &ident)));
    let server = Server::start(service.map_err(|error| panic!("{error}"))).await;
    let answering = answering(identd, b"PORTS:USERID:UNIX:fred\r\n");
    let script = socks4("fred").expect_reply4(0x5c).expect_end();
    script.run(server.addr).await;
    answering.abort();
}

/// Around the service and around its authenticator.
async fn from_accept_on(target: SocketAddr) -> (Identd, Server) {
    let identd = Identd::start("127.0.0.1").await;
    let ident = layer(&identd, IdentPolicy::Required);
    let service = ident.layer(everybody(target, &ident));
    (identd, Server::start(service).await)
}

/// ID-4, ID-23: from accept on the host is asked before the client has said anything, and once a
/// session; the client's request waits for the answer.
#[tokio::test]
async fn the_lookup_runs_beside_the_handshake() {
    let target = Target::echo().await;
    let (identd, mut server) = from_accept_on(target.addr).await;
    for user in ["fred", "barney"] {
        // Asked and answered while the client is silent.
        let stream = TcpStream::connect(server.addr).await.unwrap();
        let mut query = identd.query().await;
        query.answer("PORTS:USERID:UNIX:fred\r\n").await;
        query.closed().await;
        let code = if user == "fred" { 0x5a } else { 0x5d };
        let script = socks4(user).expect_reply4(code);
        script.run_over(stream).await.finish().await;
        server.report().await;
    }
    // The request is there, the answer is not.
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let mut query = identd.query().await;
    let mut peer = socks4("fred").run_over(stream).await;
    query.answer("PORTS:USERID:UNIX:fred\r\n").await;
    assert_eq!(peer.read(8).await[..2], [0, 0x5a]);
    assert_eq!(peer.finish().await, b"");
    assert_eq!(hint(&mut server).await.as_deref(), Some("fred"));
    assert!(!identd.has_connection());
}

/// ID-4: a lookup ends with the connection that it is about, in either place.
#[tokio::test]
async fn a_lookup_ends_with_its_session() {
    let target = Target::silent().await;
    let (identd, mut server) = from_accept_on(target.addr).await;
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let mut query = identd.query().await;
    drop(stream);
    query.closed().await;
    assert!(matches!(
        server.report().await.end,
        SessionEnd::Disconnected
    ));

    let (identd, mut server) = required(target.addr).await;
    let peer = socks4("fred").run(server.addr).await;
    let mut query = identd.query().await;
    peer.stream.set_zero_linger().unwrap();
    drop(peer);
    query.closed().await;
    assert!(matches!(
        server.report().await.end,
        SessionEnd::Disconnected
    ));
}

/// ID-23: nothing is kept for another connection, not even one from the same port.
#[tokio::test]
async fn nothing_is_cached() {
    let target = Target::silent().await;
    let (identd, server) = from_accept_on(target.addr).await;
    for (answer, code) in [("fred", 0x5a), ("barney", 0x5d), ("fred", 0x5a)] {
        let client = tokio::spawn(socks4("fred").expect_reply4(code).run(server.addr));
        let mut query = identd.query().await;
        query
            .answer(format!("PORTS:USERID:UNIX:{answer}\r\n"))
            .await;
        client.await.unwrap();
    }
}

/// ID-23: what is beyond the limit waits for its turn, in all and a client.
#[tokio::test]
async fn lookups_are_limited() {
    let target = Target::silent().await;
    for in_all in [true, false] {
        let identd = Identd::start("127.0.0.1").await;
        let ident = layer(&identd, IdentPolicy::Required);
        let ident = match in_all {
            true => ident.max_lookups(2),
            false => ident.max_lookups_per_client(2),
        };
        let server = Server::start(everybody(target.addr, &ident)).await;
        let clients: Vec<_> = (0..5)
            .map(|_| tokio::spawn(socks4("fred").expect_reply4(0x5a).run(server.addr)))
            .collect();
        let mut under_way: Vec<IdentQuery> = vec![identd.query().await, identd.query().await];
        for _ in 0..3 {
            assert!(!identd.has_connection());
            under_way
                .remove(0)
                .answer("PORTS:USERID:UNIX:fred\r\n")
                .await;
            under_way.push(identd.query().await);
        }
        for mut query in under_way {
            query.answer("PORTS:USERID:UNIX:fred\r\n").await;
        }
        for client in clients {
            client.await.unwrap();
        }
    }
}
