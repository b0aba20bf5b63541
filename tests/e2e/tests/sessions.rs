//! Whole sessions of each version, at every pace.

use std::{
    sync::{Arc, Mutex},
    task::Poll,
};

use e2e::{NotReady, open, with_login};
use socks_core::{
    Command,
    message::{AccessRequest, Connect, Verdict, Version},
};
use socks_tower::{BoxError, Connected, SessionEnd, SocksService};
use support::{Pace, Peer, Script, Server, Target};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tower::service_fn;

const PACES: [Pace; 3] = [Pace::Stepwise, Pace::AtOnce, Pace::OctetByOctet];

fn sessions(target: &Target) -> Vec<(&'static str, Script)> {
    let addr = target.addr.to_string();
    vec![
        (
            "socks4",
            Peer::script()
                .request4(1, &addr, "Fred")
                .expect_reply4(0x5a),
        ),
        (
            "socks4a",
            Peer::script()
                .request4(1, "example.com:80", "")
                .expect_reply4(0x5a),
        ),
        (
            "socks5",
            Peer::script()
                .greet([0])
                .expect_method(0)
                .connect(&addr)
                .expect_reply(0),
        ),
        (
            "socks5h",
            Peer::script()
                .greet([2, 0])
                .expect_method(0)
                .connect("example.com:80")
                .expect_reply(0),
        ),
    ]
}

/// R5-3, R5-6, R5-7, S4-10, TO-18: payload behind the request reaches the target first and whole,
/// whether all comes in one segment or an octet at a time.
#[tokio::test]
async fn early_payload_comes_first() {
    let target = Target::echo().await;
    let mut server = Server::start(open(target.addr)).await;
    for pace in PACES {
        for (name, script) in sessions(&target) {
            // The payload belongs to the script, so that it is in the same segment.
            let script = script.send("early").pace(pace).expect("early");
            let mut peer = script.run(server.addr).await;
            peer.send(" and late").await;
            assert_eq!(peer.finish().await, b" and late", "{name} {pace:?}");
            let report = server.report().await;
            assert!(
                matches!(report.end, SessionEnd::Closed),
                "{name} {pace:?}: {:?}",
                report.end
            );
            assert_eq!((report.sent, report.received), (14, 14));
            assert_eq!(report.remote, Some(target.addr));
        }
    }
}

/// R5-6, UP-19: greeting, login, request and payload in one write; and the same session an octet at
/// a time.
#[tokio::test]
async fn login_request_and_payload_in_one_write() {
    let mut target = Target::silent().await;
    let mut server = Server::start(with_login(target.addr)).await;
    for pace in PACES {
        let script = Peer::script()
            .greet([0, 2])
            .expect_method(2)
            .login("user", "pass")
            .expect_login(true)
            .connect("example.com:80")
            .expect_reply(0)
            .send("GET / HTTP/1.0\r\n\r\n")
            .pace(pace);
        let mut peer = script.run(server.addr).await;
        let mut accepted = target.accepted().await;
        let mut octets = vec![0; 18];
        tokio::io::AsyncReadExt::read_exact(&mut accepted, &mut octets)
            .await
            .unwrap();
        assert_eq!(octets, b"GET / HTTP/1.0\r\n\r\n");
        drop(accepted);
        assert_eq!(peer.finish().await, b"");
        let report = server.report().await;
        let identity = report.identity.expect("a login");
        assert_eq!(identity.user.as_ref().expect("a user"), "user");
    }
}

/// UP-24, R5-57: the report knows who, what, where to and how it went.
#[tokio::test]
async fn the_report_is_complete() {
    let target = Target::source("hello").await;
    let mut server = Server::start(with_login(target.addr)).await;
    let script = Peer::script()
        .greet([2])
        .expect_method(2)
        .login("user", "pass")
        .expect_login(true);
    let mut peer = script
        .connect("EXAMPLE.com.:80")
        .expect_reply(0)
        .run(server.addr)
        .await;
    assert_eq!(peer.rest().await, b"hello");
    drop(peer.stream);
    let report = server.report().await;
    assert_eq!(report.version, Some(Version::Socks5));
    assert_eq!(report.command, Some(Command::Connect));
    assert_eq!(
        report.destination.expect("a destination").to_string(),
        "example.com:80"
    );
    assert_eq!((report.sent, report.received), (0, 5));
    assert_eq!(report.local.socket_addr(), Some(server.addr));
}

/// R5-55, S4-12: BND is the local address of the outgoing connection, and zeros for SOCKS4A
/// (S4A-11).
#[tokio::test]
async fn bound_address() {
    let mut target = Target::silent().await;
    let server = Server::start(open(target.addr)).await;
    for (name, script) in sessions(&target) {
        let peer = script.run(server.addr).await;
        let seen = target.accepted().await.peer_addr().unwrap();
        let expected = if name == "socks4a" {
            "0.0.0.0:0".parse().unwrap()
        } else {
            seen
        };
        assert_eq!(peer.bound, Some(expected), "{name}");
    }
}

/// SE-48, SE-51: a half-close is passed on after the last octet, and the other direction goes on.
#[tokio::test]
async fn half_close_keeps_the_other_direction() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut target = Target::silent().await;
    let server = Server::start(open(target.addr)).await;
    let script = Peer::script()
        .greet([0])
        .expect_method(0)
        .connect("example.com:80")
        .expect_reply(0);
    let mut peer = script.run(server.addr).await;
    let mut accepted = target.accepted().await;

    let question = vec![7; 1 << 20];
    let (asked, answered) = tokio::join!(
        async {
            peer.send(&question).await;
            peer.finish().await
        },
        async {
            let mut heard = Vec::new();
            accepted.read_to_end(&mut heard).await.unwrap();
            accepted.write_all(&heard).await.unwrap();
            accepted.shutdown().await.unwrap();
            heard
        }
    );
    assert!(answered == question);
    assert!(asked == question);
}

/// SE-49: a reset of the target arrives at the client as a reset, not as an end.
#[tokio::test]
async fn a_reset_is_passed_on() {
    use tokio::io::AsyncReadExt;
    let mut target = Target::silent().await;
    let mut server = Server::start(open(target.addr)).await;
    let script = Peer::script()
        .greet([0])
        .expect_method(0)
        .connect("example.com:80")
        .expect_reply(0);
    let mut peer = script.run(server.addr).await;
    let accepted = target.accepted().await;
    accepted.set_zero_linger().unwrap();
    drop(accepted);
    let error = peer.stream.read(&mut [0]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(matches!(
        server.report().await.end,
        SessionEnd::Reset(socks_tower::Side::Target)
    ));
}

/// SE-49: a session that is cut off in the middle resets both sides, so that neither takes what it
/// has for all there is.
#[tokio::test]
async fn a_cut_session_is_not_a_complete_one() {
    use tokio::{io::AsyncReadExt, net::TcpListener};
    let mut target = Target::silent().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let socks = open(target.addr);
    let session = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        let incoming = socks_tower::Incoming::new(stream, peer, addr);
        tower::ServiceExt::oneshot(socks, incoming).await
    });
    let script = Peer::script()
        .greet([0])
        .expect_method(0)
        .connect("example.com:80")
        .expect_reply(0);
    let mut peer = script.run(addr).await;
    let mut accepted = target.accepted().await;
    session.abort();
    assert!(session.await.unwrap_err().is_cancelled());
    for stream in [&mut peer.stream, &mut accepted] {
        let error = stream.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

/// SE-49: a relay that fails before it begins, behind the success reply, resets both sides.
#[tokio::test]
async fn a_relay_that_cannot_begin() {
    use tokio::io::AsyncReadExt;
    let mut target = Target::silent().await;
    let relay = NotReady(Poll::Ready(Err("out of order")));
    let mut server = Server::start(open(target.addr).relay(relay)).await;
    let script = Peer::script()
        .greet([0])
        .expect_method(0)
        .connect("example.com:80")
        .expect_reply(0);
    let mut peer = script.run(server.addr).await;
    let mut accepted = target.accepted().await;
    for stream in [&mut peer.stream, &mut accepted] {
        let error = stream.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    assert!(matches!(server.report().await.end, SessionEnd::Relay(_)));
}

/// SE-49: a client that resets its connection just when its target is connected, with something sent
/// early that is lost by that, resets the target.
#[tokio::test]
async fn a_client_that_resets_before_the_reply() {
    use tokio::io::AsyncReadExt;
    let mut target = Target::silent().await;
    let to = target.addr;
    let client = Arc::new(Mutex::new(None::<TcpStream>));
    let resets = client.clone();
    let connector = service_fn(move |_: Connect| {
        let resets = resets.clone();
        async move {
            let stream = TcpStream::connect(to).await?;
            let client = resets.lock().unwrap().take().expect("one connection");
            client.set_zero_linger()?;
            drop(client);
            Ok::<_, std::io::Error>(Connected::new(stream, to))
        }
    });
    let allow = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    let mut server = Server::start(SocksService::new(connector).access(allow)).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let request = b"\x05\x01\0\x05\x01\0\x01\xc0\0\x02\x01\0\x50early";
    stream.write_all(request).await.unwrap();
    *client.lock().unwrap() = Some(stream);
    let mut accepted = target.accepted().await;
    let error = accepted.read(&mut [0]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(matches!(
        server.report().await.end,
        SessionEnd::Disconnected
    ));
}
