//! What is refused, in the right words, and a close that does not cut them off.

use std::{io, sync::Arc};

use e2e::{open, with_login};
use socks_core::{
    ReplyCode,
    message::{
        AccessRequest, AuthRequest, Authentication, Connect, Permit, Rejection, Terms, Verdict,
    },
    server::HandshakeError,
};
use socks_tower::{BoxError, CodedError, Connected, SessionEnd, SocksService};
use support::{Peer, Script, Server, Target};
use tokio::net::TcpStream;
use tower::service_fn;

fn requesting() -> Script {
    Peer::script().greet([0]).expect_method(0)
}

/// R5-10, R5-14, R5-18, SE-36, S4-2: with a login required, method 00 and SOCKS4 are refused
/// before any request is looked at.
#[tokio::test]
async fn no_way_around_a_login() {
    let mut target = Target::silent().await;
    let mut server = Server::start(with_login(target.addr)).await;
    for greeting in [&[5, 1, 0][..], &[5, 0], &[5, 3, 1, 3, 0xff]] {
        let script = Peer::script()
            .send(greeting)
            .expect_method(0xff)
            .expect_end();
        script.run(server.addr).await;
        assert!(matches!(
            server.report().await.end,
            SessionEnd::NoAcceptableMethod
        ));
    }
    // The request that follows in the same segment is not served.
    let script = Peer::script().send(b"\x05\x01\x00\x05\x01\x00\x03\x01a\x00\x50");
    script
        .expect_method(0xff)
        .expect_end()
        .run(server.addr)
        .await;
    server.report().await;
    let four = Peer::script().request4(1, "example.com:80", "user");
    four.expect_reply4(0x5b).expect_end().run(server.addr).await;
    assert!(matches!(server.report().await.end, SessionEnd::Rejected(_)));
    assert!(!target.has_connection());
}

/// UP-9, UP-13, UP-14: unknown user, wrong password, empty name and empty password look alike.
#[tokio::test]
async fn failed_logins_look_alike() {
    let target = Target::silent().await;
    let mut server = Server::start(with_login(target.addr)).await;
    for (user, password) in [
        ("nobody", "pass"),
        ("user", "wrong"),
        ("", "pass"),
        ("user", ""),
    ] {
        let script = Peer::script()
            .greet([0, 2])
            .expect_method(2)
            .login(user, password);
        // A second attempt in the same segment gets no second answer.
        script
            .login("user", "pass")
            .expect_login(false)
            .expect_end()
            .run(server.addr)
            .await;
        server.report().await;
    }
}

/// UP-17: a credential store that fails lets nobody in, and says so in the method's own words.
#[tokio::test]
async fn a_broken_store_fails_closed() {
    let target = Target::silent().await;
    let broken = service_fn(|_: AuthRequest| async { Err::<Authentication, _>("store is down") });
    let mut server = Server::start(open(target.addr).authenticator(broken)).await;
    let script = Peer::script()
        .greet([2])
        .expect_method(2)
        .login("user", "pass");
    script
        .expect_login(false)
        .expect_end()
        .run(server.addr)
        .await;
    assert!(matches!(
        server.report().await.end,
        SessionEnd::Authenticator(_)
    ));
    // Method 00 is not a way to hide it.
    Peer::script()
        .greet([0])
        .expect_method(0xff)
        .expect_end()
        .run(server.addr)
        .await;
    assert!(matches!(
        server.report().await.end,
        SessionEnd::Authenticator(_)
    ));
}

/// S4-24: an authenticator's ident verdicts have their own SOCKS4 codes.
#[tokio::test]
async fn ident_rejections() {
    let target = Target::silent().await;
    for (rejection, code) in [
        (Rejection::IdentUnreachable, 0x5c),
        (Rejection::IdentMismatch, 0x5d),
    ] {
        let ident = service_fn(move |_: AuthRequest| async move {
            Ok::<_, BoxError>(Authentication::Rejected(rejection))
        });
        let server = Server::start(open(target.addr).authenticator(ident)).await;
        let script = Peer::script().request4(1, "example.com:80", "Fred");
        script
            .expect_reply4(code)
            .expect_end()
            .run(server.addr)
            .await;
    }
}

/// R5-44, R5-49, R5-50, SE-46, SE-47, S4-22: the reply arrives although the client had sent more
/// than the server ever read.
#[tokio::test]
async fn a_refusal_survives_unread_input() {
    let denied = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::deny()) });
    let mut server = Server::start(open("127.0.0.1:9".parse().unwrap()).access(denied)).await;
    let flood = vec![0; 48 * 1024];
    for (script, socks4) in [
        (
            requesting()
                .connect("example.com:80")
                .send(&flood)
                .expect_reply(2),
            false,
        ),
        (
            Peer::script()
                .request4(1, "example.com:80", "")
                .send(&flood)
                .expect_reply4(0x5b),
            true,
        ),
    ] {
        let mut peer = script.expect_end().run(server.addr).await;
        peer.stream.set_nodelay(true).unwrap();
        tokio::io::AsyncWriteExt::shutdown(&mut peer.stream)
            .await
            .unwrap();
        let report = server.report().await;
        assert!(
            matches!(report.end, SessionEnd::Refused(ReplyCode::NOT_ALLOWED)),
            "{socks4}"
        );
    }
}

/// R5-24, R5-28, R5-51: BIND and UDP ASSOCIATE without their phases, and unknown commands, are 07.
#[tokio::test]
async fn unserved_commands() {
    let mut server = Server::start(open("127.0.0.1:9".parse().unwrap())).await;
    for command in [2, 3, 4, 0x80, 0xf0, 0xf1] {
        let script = requesting().request(command, "192.0.2.1:80");
        script.expect_reply(7).expect_end().run(server.addr).await;
        server.report().await;
    }
    let script = Peer::script().request4(2, "192.0.2.1:80", "");
    script
        .expect_reply4(0x5b)
        .expect_end()
        .run(server.addr)
        .await;
}

/// R5-5, R5-64: TLS, HTTP and SSH clients get a close and not one octet.
#[tokio::test]
async fn foreign_protocols() {
    let mut server = Server::start(open("127.0.0.1:9".parse().unwrap())).await;
    for hello in [
        &b"\x16\x03\x01\x00\xf4"[..],
        b"GET / HTTP/1.1\r\n\r\n",
        b"SSH-2.0-x\r\n",
    ] {
        let mut peer = Script::new().send(hello).run(server.addr).await;
        let mut octets = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut peer.stream, &mut octets).await;
        assert_eq!(octets, b"");
        let end = server.report().await.end;
        let SessionEnd::Malformed(HandshakeError::UnknownProtocol(octet)) = end else {
            panic!("{end:?}")
        };
        assert_eq!(octet, hello[0]);
    }
}

/// R5-23, R5-26, R5-32, R5-34, R5-36, R5-38, R5-40, R5-64: malformed requests have their codes.
#[tokio::test]
async fn malformed_requests() {
    let mut server = Server::start(open("127.0.0.1:9".parse().unwrap())).await;
    for (request, code) in [
        (&b"\x04\x01\x00\x01\xc0\x00\x02\x01\x00\x50"[..], 1),
        (b"\x05\x01\x00\x02\xc0\x00\x02\x01\x00\x50", 8),
        (b"\x05\x01\x00\x03\x00\x00\x50", 1),
        (b"\x05\x01\x00\x03\x03a\0b\x00\x50", 1),
        (b"\x05\x01\x00\x03\x060x7f.1\x00\x50", 1),
        (b"\x05\x01\x00\x03\x06fe80%1\x00\x50", 1),
        (b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x00", 1),
    ] {
        requesting()
            .send(request)
            .expect_reply(code)
            .expect_end()
            .run(server.addr)
            .await;
        assert!(matches!(
            server.report().await.end,
            SessionEnd::Malformed(_)
        ));
    }
}

/// R5-52, R5-67: success is never claimed before the target is connected, and its failure has its
/// own code.
#[tokio::test]
async fn a_refused_target() {
    let vacant = Target::silent().await.addr;
    let mut server = Server::start(open(vacant)).await;
    requesting()
        .connect("example.com:80")
        .expect_reply(5)
        .expect_end()
        .run(server.addr)
        .await;
    let end = server.report().await.end;
    assert!(matches!(
        end,
        SessionEnd::Failed {
            code: ReplyCode::CONNECTION_REFUSED,
            ..
        }
    ));
}

/// R5-67: an application's own errors get the code that it gives them.
#[tokio::test]
async fn reply_codes_can_be_overridden() {
    let failing = service_fn(|_: Connect| async {
        Err::<Connected<TcpStream>, _>(io::Error::other("quota exceeded"))
    });
    let allow = service_fn(|_: AccessRequest| async { Ok::<_, BoxError>(Verdict::allow()) });
    let socks = SocksService::new(failing).access(allow);
    let server = Server::start(socks.clone()).await;
    requesting()
        .connect("example.com:80")
        .expect_reply(1)
        .run(server.addr)
        .await;

    let socks = socks.reply_codes(|error| {
        let error = error.downcast_ref::<io::Error>()?;
        error
            .to_string()
            .contains("quota")
            .then_some(ReplyCode::NOT_ALLOWED)
    });
    let server = Server::start(socks).await;
    requesting()
        .connect("example.com:80")
        .expect_reply(2)
        .run(server.addr)
        .await;
}

/// A refused client costs no phase behind the one that refused it.
#[tokio::test]
async fn phases_behind_a_refusal_are_not_asked() {
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let connector = service_fn(move |_: Connect| {
        counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async { Err::<Connected<TcpStream>, _>("unreachable") }
    });
    let deny = service_fn(|_: AccessRequest| async {
        Ok::<_, BoxError>(Verdict::Deny(ReplyCode::HOST_UNREACHABLE.into()))
    });
    let server = Server::start(SocksService::new(connector).access(deny)).await;
    requesting()
        .connect("example.com:80")
        .expect_reply(4)
        .expect_end()
        .run(server.addr)
        .await;
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0);
}

/// SE-45: a rule can keep from its clients what exists behind the server; the report still says.
#[tokio::test]
async fn codes_that_tell_are_concealed() {
    for (code, told) in [(3, 1), (4, 1), (5, 1), (6, 1), (2, 2), (8, 8)] {
        for conceal in [false, true] {
            let mut terms = Terms::new("outside");
            terms.conceal = conceal;
            let terms = Arc::new(terms);
            let access = service_fn(move |_: AccessRequest| {
                let permit = Permit::new().terms(Arc::clone(&terms));
                async { Ok::<_, BoxError>(Verdict::Allow(permit)) }
            });
            let connector = service_fn(move |_: Connect| async move {
                Err::<Connected<TcpStream>, _>(CodedError::with_source(ReplyCode(code), "no"))
            });
            let mut server = Server::start(SocksService::new(connector).access(access)).await;
            requesting()
                .connect("example.com:80")
                .expect_reply(if conceal { told } else { code })
                .expect_end()
                .run(server.addr)
                .await;
            let report = server.report().await;
            assert_eq!(report.terms.unwrap().rule.as_ref(), "outside");
        }
    }
}

/// R5-18, SE-36: methods fail closed. A login that nobody can judge lets nobody in, and SOCKS4 is
/// served only where method 00 is.
#[tokio::test]
async fn methods_fail_closed() {
    let login = [socks_core::Method::USERNAME_PASSWORD];
    let nowhere = || open("127.0.0.1:9".parse().unwrap());
    let mut server = Server::start(nowhere().methods(login)).await;
    let script = Peer::script()
        .greet([0, 2])
        .expect_method(2)
        .login("user", "pass");
    script
        .expect_login(false)
        .expect_end()
        .run(server.addr)
        .await;
    assert!(matches!(server.report().await.end, SessionEnd::Rejected(_)));
    let everybody = service_fn(|_: AuthRequest| async {
        let identity = socks_core::message::Identity::anonymous();
        Ok::<_, BoxError>(Authentication::Accepted(identity))
    });
    let mut server = Server::start(nowhere().authenticator(everybody).methods(login)).await;
    let script = Peer::script().request4(1, "example.com:80", "user");
    script
        .expect_reply4(0x5b)
        .expect_end()
        .run(server.addr)
        .await;
    assert!(matches!(server.report().await.end, SessionEnd::Rejected(_)));
}

/// SE-39: a destination that a rule rewrites takes the one form that phases see, or is refused.
#[tokio::test]
async fn rewritten_destinations_are_canonical() {
    for (name, code) in [("TARGET.example.", 5), ("not a name", 1)] {
        let rewrite = service_fn(move |_: AccessRequest| async move {
            let destination = socks_core::Address::domain(name, 80)?;
            Ok::<_, BoxError>(Verdict::Allow(
                socks_core::message::Permit::new().rewrite(destination),
            ))
        });
        let connector = service_fn(|connect: Connect| async move {
            assert_eq!(connect.destination.to_string(), "target.example:80");
            Err::<Connected<TcpStream>, _>(io::Error::from(io::ErrorKind::ConnectionRefused))
        });
        let server = Server::start(SocksService::new(connector).access(rewrite)).await;
        requesting()
            .connect("example.com:80")
            .expect_reply(code)
            .run(server.addr)
            .await;
    }
}
