//! SOCKS4 and 4A against octets that a test wrote.

use std::{io::ErrorKind, net::SocketAddr};

use socks_core::{ReplyCode, UserId};
use socks_tower::client::{Client, ClientErrorKind as Kind};
use tokio::io::AsyncReadExt;
use tokio_test::io::Builder;

use crate::{destination, io_kind, reads, segmentations, server};

const REQUEST: &[u8] = b"\x04\x01\x00\x50\x00\x00\x00\x01Fred\0example.com\0";

fn fred() -> UserId {
    UserId::new(b"Fred").unwrap()
}

/// S4-3, S4-10, S4-12, S4A-1, R5-39: a name goes out as a name, an address as an address; the
/// address in the reply does not matter, and payload behind it is kept whatever the segments.
#[tokio::test]
async fn connects() {
    let target: SocketAddr = "66.102.7.99:80".parse().unwrap();
    let by_address = b"\x04\x01\x00\x50\x42\x66\x07\x63Fred\0";
    for (request, to) in [(&by_address[..], target.into()), (REQUEST, destination())] {
        for reply in [
            &b"\x00\x5a\0\0\0\0\0\0hello"[..],
            b"\x00\x5a\xc0\x00\xc6\x33\x64\x05hello",
        ] {
            for segments in segmentations(reply) {
                let mut builder = Builder::new();
                builder.write(request);
                reads(&mut builder, &segments);
                let client = Client::socks4(builder.build()).user_id(fred());
                let mut heard = String::new();
                let mut tunnel = client.connect(to.clone()).await.unwrap();
                tunnel.read_to_string(&mut heard).await.unwrap();
                assert_eq!(heard, "hello");
            }
        }
    }
}

/// S4-20, S4-21, S4-25, R5-68: a version octet of 04 will do; every code but 5A is a failure that
/// keeps its meaning; a server that speaks SOCKS5 is none.
#[tokio::test]
async fn replies() {
    let answered = async |says: &[u8]| {
        let client = Client::socks4(server(&[(REQUEST, says)])).user_id(fred());
        client.connect(destination()).await
    };
    assert!(answered(b"\x04\x5a\0\0\0\0\0\0").await.is_ok());
    for (code, kind, meaning, io) in [
        (
            0x5b,
            Kind::Failed,
            ReplyCode::GENERAL_FAILURE,
            ErrorKind::Other,
        ),
        (
            0x5c,
            Kind::Refused,
            ReplyCode::NOT_ALLOWED,
            ErrorKind::PermissionDenied,
        ),
        (
            0x5d,
            Kind::Refused,
            ReplyCode::NOT_ALLOWED,
            ErrorKind::PermissionDenied,
        ),
        (
            0x5e,
            Kind::Failed,
            ReplyCode::GENERAL_FAILURE,
            ErrorKind::Other,
        ),
        (
            0x00,
            Kind::Failed,
            ReplyCode::GENERAL_FAILURE,
            ErrorKind::Other,
        ),
    ] {
        let error = answered(&[0, code, 1, 2, 3, 4, 5, 6]).await.unwrap_err();
        assert_eq!((error.kind(), error.reply_code()), (kind, Some(meaning)));
        assert_eq!(io_kind(error), io);
        let error = answered(&[0, code, 1, 2, 3, 4, 5]).await.unwrap_err();
        assert_eq!(error.kind(), Kind::UnexpectedEnd);
    }
    for says in [&b"\x05\xff"[..], b"\x01\x5a\0\0\0\0\0\0"] {
        let error = answered(says).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol);
    }
}

/// S4-1: there are no IPv6 addresses, and nothing is sent in an attempt to say one.
#[tokio::test]
async fn no_ipv6() {
    let target: SocketAddr = "[2001:db8::1]:80".parse().unwrap();
    let client = Client::socks4(Builder::new().build());
    let error = client.connect(target).await.unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidInput);
    assert_eq!(io_kind(error), ErrorKind::InvalidInput);
}
