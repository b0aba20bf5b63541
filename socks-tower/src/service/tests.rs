use socks_core::{
    ReplyCode,
    message::{AccessRequest, AuthRequest, Authentication, Connect, Identity, Verdict},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
    sync::mpsc::{self, error::TryRecvError},
};
use tower::{ServiceExt, service_fn};

use super::handshake::handshake;
use crate::{AdaptiveRelay, BoxError, Connected, Incoming, SocksService};

/// Whoever has connected holds one of these, beside its report, a timer and a buffer of 1 KiB. It is at
/// 1 KiB; compilers differ.
#[tokio::test]
async fn a_handshake_is_small() {
    let connector = service_fn(|_: Connect| async {
        Err::<Connected<TcpStream>, BoxError>("not asked".into())
    });
    let service: SocksService<TcpStream, AdaptiveRelay> = SocksService::new(connector);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let io = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let handshake = handshake(service.shared, Incoming::unnamed(io));
    assert!(
        size_of_val(&handshake) <= 1280,
        "{} octets",
        size_of_val(&handshake)
    );
}

/// A client that does not read takes no place among those whose login is checked, and none among those whose
/// request is judged.
#[tokio::test]
async fn who_does_not_read_its_answers_is_not_asked_about() {
    let (asked, mut seen) = mpsc::unbounded_channel();
    let connector = service_fn(|_: Connect| async {
        Err::<Connected<DuplexStream>, BoxError>("not reached".into())
    });
    let authenticator = {
        let asked = asked.clone();
        service_fn(move |_: AuthRequest| {
            asked.send("login").unwrap();
            async { Ok::<_, BoxError>(Authentication::Accepted(Identity::anonymous())) }
        })
    };
    let access = service_fn(move |_: AccessRequest| {
        asked.send("request").unwrap();
        async { Ok::<_, BoxError>(Verdict::Deny(ReplyCode::NOT_ALLOWED.into())) }
    });
    let service = SocksService::new(connector)
        .authenticator(authenticator)
        .access(access);
    let (input, mut writer) = tokio::io::simplex(64);
    // Holds one octet that was not read.
    let (mut reader, output) = tokio::io::simplex(1);
    let incoming = Incoming::unnamed(tokio::io::join(input, output));
    let session = tokio::spawn(service.oneshot(incoming));
    let says = b"\x05\x01\x02\x01\x01u\x01p\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50";
    writer.write_all(says).await.unwrap();
    let mut answers = [0; 2];
    for (answer, asked) in [([5, 2], "login"), ([1, 0], "request")] {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(seen.try_recv(), Err(TryRecvError::Empty), "{asked}");
        reader.read_exact(&mut answers).await.unwrap();
        assert_eq!(answers, answer);
        assert_eq!(seen.recv().await, Some(asked));
    }
    let mut reply = Vec::new();
    writer.shutdown().await.unwrap();
    reader.read_to_end(&mut reply).await.unwrap();
    assert_eq!(reply[..2], [5, 2]);
    session.await.unwrap().unwrap();
}
