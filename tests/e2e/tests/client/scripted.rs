//! SOCKS5 against octets that a test wrote.

use std::{error::Error, io::ErrorKind, time::Duration};

use socks_core::{ReplyCode, client};
use socks_tower::client::{Client, ClientError, ClientErrorKind as Kind, Socks5Client};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};
use tokio_test::io::{Builder, Mock};

use crate::{
    GRANTED, GREETING, LOGIN, LOGIN_GREETING, REQUEST, destination, io_kind, reads, reply,
    segmentations, server,
};

fn with_login<S>(stream: S) -> Socks5Client<S> {
    let client = Client::socks5(stream);
    client.username_password("user", "pass").unwrap()
}

async fn fails(stream: Mock) -> ClientError {
    Client::socks5(stream)
        .connect(destination())
        .await
        .unwrap_err()
}

/// R5-8, R5-9, R5-39, R5-53, UP-2: greeting, login and request go out in turn, with the name as a
/// name; whatever the segments, the payload behind the reply is the first that is read.
#[tokio::test]
async fn every_split_of_a_connect() {
    let last = [GRANTED, b"hello"].concat();
    let answers: [(&[u8], &[u8]); 3] = [
        (LOGIN_GREETING, b"\x05\x02"),
        (LOGIN, b"\x01\x00"),
        (REQUEST, &last),
    ];
    for cut in 0..answers.len() {
        for segments in segmentations(answers[cut].1) {
            let mut builder = Builder::new();
            for (turn, (hears, says)) in answers.iter().enumerate() {
                builder.write(hears);
                match turn == cut {
                    true => reads(&mut builder, &segments),
                    false => reads(&mut builder, &[says]),
                }
            }
            let stream = builder.write(b"ping").build();
            let mut tunnel = with_login(stream).connect(destination()).await.unwrap();
            assert_eq!(tunnel.bound().to_string(), "192.0.2.1:49152");
            let mut heard = [0; 5];
            tunnel.read_exact(&mut heard).await.unwrap();
            assert_eq!(&heard, b"hello");
            tunnel.write_all(b"ping").await.unwrap();
        }
    }
}

/// R5-53: what was read too far comes out with the stream.
#[tokio::test]
async fn parts() {
    let last = [GRANTED, b"hello"].concat();
    let stream = server(&[(GREETING, b"\x05\x00"), (REQUEST, &last)]);
    let tunnel = Client::socks5(stream).connect(destination()).await.unwrap();
    assert!(tunnel.get_plain().is_none());
    let parts = tunnel.into_parts().unwrap();
    assert_eq!(&parts.early[..], b"hello");
}

/// R5-43, R5-46, R5-56: BND in all three kinds, zeros, and RSV that is not zero.
#[tokio::test]
async fn bound_addresses() {
    for (said, bound) in [
        (
            &b"\x05\x00\x04\x01\xc0\x00\x02\x01\xc0\x00"[..],
            "192.0.2.1:49152",
        ),
        (b"\x05\x00\x00\x01\0\0\0\0\0\0", "0.0.0.0:0"),
        (b"\x05\x00\x00\x03\x01p\x04\x38", "p:1080"),
        (
            b"\x05\x00\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x01\xbb",
            "[2001:db8::1]:443",
        ),
    ] {
        let said = [said, b"hello"].concat();
        let stream = server(&[(GREETING, b"\x05\x00"), (REQUEST, &said)]);
        let mut tunnel = Client::socks5(stream).connect(destination()).await.unwrap();
        assert_eq!(tunnel.bound().to_string(), bound);
        let mut heard = String::new();
        tunnel.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "hello");
    }
}

/// R5-14, R5-15, R5-20, SE-37: a selection that was not offered, is none, or belongs to another
/// protocol ends the handshake, and nothing more is sent.
#[tokio::test]
async fn bad_selections() {
    for (said, kind) in [
        (&b"\x05\xff"[..], Kind::Authentication),
        (b"\x05\x02", Kind::Protocol),
        (b"\x04\x00", Kind::Protocol),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Kind::Protocol),
        (b"\x05", Kind::UnexpectedEnd),
        (b"", Kind::UnexpectedEnd),
    ] {
        let error = fails(server(&[(GREETING, said)])).await;
        assert_eq!((error.kind(), error.reply_code()), (kind, None), "{said:?}");
        assert!(error.source().unwrap().is::<client::ClientError>());
    }
    let stream = server(&[(LOGIN_GREETING, b"\x05\x00")]);
    let error = with_login(stream).connect(destination()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Protocol);
    assert_eq!(io_kind(error), ErrorKind::InvalidData);
}

/// UP-10, UP-11: any status but 00 is failure and no request follows; the version octet of the
/// answer does not matter.
#[tokio::test]
async fn logins() {
    for said in [b"\x01\x01", b"\x01\xff", b"\x05\x01"] {
        let stream = server(&[(LOGIN_GREETING, b"\x05\x02"), (LOGIN, said)]);
        let error = with_login(stream).connect(destination()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Authentication);
        assert_eq!(io_kind(error), ErrorKind::PermissionDenied);
    }
    for said in [b"\x05\x00", b"\x00\x00"] {
        let turns: [(&[u8], &[u8]); 3] = [
            (LOGIN_GREETING, b"\x05\x02"),
            (LOGIN, said),
            (REQUEST, GRANTED),
        ];
        with_login(server(&turns))
            .connect(destination())
            .await
            .unwrap();
    }
}

/// UP-6, UP-7: empty credentials are refused before anything is sent.
#[tokio::test]
async fn empty_credentials() {
    for (username, password) in [("", "pass"), ("user", "")] {
        let client = Client::socks5(Builder::new().build());
        let error = client.username_password(username, password).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidInput);
    }
}

/// R5-48, R5-68: every code, what it says about whom, and its kind of I/O error.
#[tokio::test]
async fn reply_codes() {
    for code in 1..=0xff {
        let (kind, io) = match code {
            0x02 => (Kind::Refused, ErrorKind::PermissionDenied),
            0x03 => (Kind::Target, ErrorKind::NetworkUnreachable),
            0x04 => (Kind::Target, ErrorKind::HostUnreachable),
            0x05 => (Kind::Target, ErrorKind::ConnectionRefused),
            0x06 => (Kind::Target, ErrorKind::TimedOut),
            0x07 | 0x08 => (Kind::Refused, ErrorKind::Unsupported),
            _ => (Kind::Failed, ErrorKind::Other),
        };
        let stream = server(&[(GREETING, b"\x05\x00"), (REQUEST, &reply(code))]);
        let error = fails(stream).await;
        assert_eq!(error.kind(), kind);
        assert_eq!(error.reply_code(), Some(ReplyCode(code)));
        let error = std::io::Error::from(error);
        assert_eq!(error.kind(), io);
        let inner = error.get_ref().and_then(|error| error.downcast_ref());
        assert_eq!(inner.map(ClientError::kind), Some(kind));
    }
}

/// R5-47: a refusal that is cut short, at any octet, or goes on wrongly is still that refusal;
/// anything else that is no reply is an error of the protocol.
#[tokio::test]
async fn damaged_replies() {
    let whole = reply(5);
    let cut = (0..whole.len()).map(|len| whole[..len].to_vec());
    let damaged = [
        b"\x05\x05\x00\x00\0\0\0\0\0\0".to_vec(),
        b"\x05\x05\x00\x03\x00\0\0".to_vec(),
    ];
    for said in cut.chain(damaged) {
        let error = fails(server(&[(GREETING, b"\x05\x00"), (REQUEST, &said)])).await;
        let (kind, code) = match said.len() {
            0 | 1 => (Kind::UnexpectedEnd, None),
            _ => (Kind::Target, Some(ReplyCode::CONNECTION_REFUSED)),
        };
        assert_eq!((error.kind(), error.reply_code()), (kind, code), "{said:?}");
    }
    for len in 0..GRANTED.len() {
        let error = fails(server(&[
            (GREETING, b"\x05\x00"),
            (REQUEST, &GRANTED[..len]),
        ]))
        .await;
        assert_eq!(error.kind(), Kind::UnexpectedEnd);
        assert_eq!(io_kind(error), ErrorKind::UnexpectedEof);
    }
    for said in [
        &b"\x04\x00\x00\x01"[..],
        b"\x05\x00\x00\x02",
        b"\x05\x00\x00\x03\x00\0\0",
    ] {
        let error = fails(server(&[(GREETING, b"\x05\x00"), (REQUEST, said)])).await;
        assert_eq!(error.kind(), Kind::Protocol, "{said:?}");
    }
}

/// A server that falls silent, after any octet, is given up at the deadline.
#[tokio::test(start_paused = true)]
async fn silence() {
    let said = [b"\x05\x00", GRANTED].concat();
    for len in 0..said.len() {
        let (stream, mut server) = tokio::io::duplex(1024);
        server.write_all(&said[..len]).await.unwrap();
        let since = Instant::now();
        let client = Client::socks5(stream).timeout(Duration::from_secs(7));
        let error = client.connect(destination()).await.unwrap_err();
        assert_eq!(error.kind(), Kind::TimedOut);
        assert_eq!(io_kind(error), ErrorKind::TimedOut);
        assert_eq!(since.elapsed().as_secs(), 7);
    }
}

/// A connection that breaks is an error of the connection, with its kind.
#[tokio::test]
async fn broken_connections() {
    let reset = || ErrorKind::ConnectionReset.into();
    let unheard = Builder::new().write_error(reset()).build();
    let lost = Builder::new().write(GREETING).read_error(reset()).build();
    for stream in [unheard, lost] {
        let error = fails(stream).await;
        assert_eq!(error.kind(), Kind::Io);
        assert_eq!(io_kind(error), ErrorKind::ConnectionReset);
    }
}
