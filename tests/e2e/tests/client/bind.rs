//! BIND against octets that a test wrote; against a server in `served.rs`.

use std::{net::SocketAddr, time::Duration};

use socks_core::ReplyCode;
use socks_tower::client::{Client, ClientErrorKind as Kind, Listening};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};
use tokio_test::io::{Builder, Mock};

use crate::{GREETING, io_kind, reads, reply, segmentations, server};

/// BIND for `192.0.2.20:21`.
const BIND: &[u8] = b"\x05\x02\x00\x01\xc0\x00\x02\x14\x00\x15";
const BIND4: &[u8] = b"\x04\x02\x00\x15\xc0\x00\x02\x14\0";
/// `198.51.100.5:20001`, then `192.0.2.20:20`.
const FIRST: &[u8] = b"\x05\x00\x00\x01\xc6\x33\x64\x05\x4e\x21";
const SECOND: &[u8] = b"\x05\x00\x00\x01\xc0\x00\x02\x14\x00\x14";
const FIRST4: &[u8] = b"\x00\x5a\x4e\x21\xc6\x33\x64\x05";
const SECOND4: &[u8] = b"\x00\x5a\x00\x14\xc0\x00\x02\x14";

fn server_host() -> SocketAddr {
    "192.0.2.20:21".parse().unwrap()
}

async fn listening(socks4: bool, replies: &[&[u8]]) -> Listening<Mock> {
    let mut builder = Builder::new();
    match socks4 {
        false => builder.write(GREETING).read(b"\x05\x00").write(BIND),
        true => builder.write(BIND4),
    };
    reads(&mut builder, replies);
    let proxy = "203.0.113.9:1080".parse().unwrap();
    let stream = builder.build();
    let listening = match socks4 {
        false => {
            Client::socks5(stream)
                .server(proxy)
                .bind(server_host())
                .await
        }
        true => {
            Client::socks4(stream)
                .server(proxy)
                .bind(server_host())
                .await
        }
    };
    listening.unwrap()
}

/// BI-2, BI-17, BI-18, S4-13: the destination of the primary connection is asked for; both replies
/// and the payload are told apart, in one segment as in any others.
#[tokio::test]
async fn both_replies() {
    for (socks4, replies) in [(false, [FIRST, SECOND]), (true, [FIRST4, SECOND4])] {
        let said = [replies[0], replies[1], b"220"].concat();
        for segments in segmentations(&said).chain([vec![&said[..]]]) {
            let listening = listening(socks4, &segments).await;
            assert_eq!(listening.bound().to_string(), "198.51.100.5:20001");
            let accepted = listening.accept_from(server_host().ip()).await;
            let (mut tunnel, peer) = accepted.unwrap();
            assert_eq!(peer.to_string(), "192.0.2.20:20");
            let mut heard = String::new();
            tunnel.read_to_string(&mut heard).await.unwrap();
            assert_eq!(heard, "220");
        }
    }
}

/// S4-15: an unspecified address is that of the proxy, with the port of the reply.
#[tokio::test]
async fn unspecified_addresses() {
    for (socks4, first) in [
        (false, &b"\x05\x00\x00\x01\0\0\0\0\x4e\x21"[..]),
        (true, b"\x00\x5a\x4e\x21\0\0\0\0"),
    ] {
        let listening = listening(socks4, &[first]).await;
        assert_eq!(listening.bound().to_string(), "203.0.113.9:20001");
    }
}

/// BI-17: a failing first reply is final.
#[tokio::test]
async fn failing_first_replies() {
    let first = [reply(7), SECOND.to_vec()].concat();
    let stream = server(&[(GREETING, b"\x05\x00"), (BIND, &first)]);
    let error = Client::socks5(stream)
        .bind(server_host())
        .await
        .unwrap_err();
    assert_eq!(error.reply_code(), Some(ReplyCode::COMMAND_NOT_SUPPORTED));
    let stream = server(&[(BIND4, b"\x00\x5b\0\0\0\0\0\0")]);
    let error = Client::socks4(stream)
        .bind(server_host())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Failed);
}

/// A second reply that refuses, is missing, or breaks off at any octet.
#[tokio::test]
async fn failing_second_replies() {
    let whole = reply(6);
    for len in 0..=whole.len() {
        let error = listening(false, &[FIRST, &whole[..len]])
            .await
            .accept()
            .await;
        let error = error.unwrap_err();
        match len {
            0 | 1 => assert_eq!(error.kind(), Kind::UnexpectedEnd),
            _ => assert_eq!(error.reply_code(), Some(ReplyCode::TTL_EXPIRED)),
        }
    }
}

/// BI-19: a stranger is an error, or known by the address.
#[tokio::test]
async fn strangers() {
    let stranger = b"\x05\x00\x00\x01\xcb\x00\x71\x09\x11\x5c";
    let named = b"\x05\x00\x00\x03\x01p\x04\x38";
    let nobody = b"\x05\x00\x00\x01\0\0\0\0\0\0";
    for second in [&stranger[..], named, nobody] {
        let listening = listening(false, &[FIRST, second]).await;
        let accepted = listening.accept_from(server_host().ip()).await;
        let error = accepted.unwrap_err();
        assert_eq!(error.kind(), Kind::UnexpectedPeer);
        assert_eq!(io_kind(error), std::io::ErrorKind::PermissionDenied);
    }
    let (_, peer) = listening(false, &[FIRST, stranger])
        .await
        .accept()
        .await
        .unwrap();
    assert_eq!(peer.to_string(), "203.0.113.9:4444");
    // The memo leaves the second address open, and makes the server compare.
    let untold = listening(true, &[FIRST4, b"\x00\x5a\0\0\0\0\0\0"]).await;
    assert!(untold.accept_from(server_host().ip()).await.is_ok());
}

/// Nobody comes, and the server says nothing about it.
#[tokio::test(start_paused = true)]
async fn waiting_ends() {
    let (stream, mut server) = tokio::io::duplex(1024);
    server
        .write_all(&[b"\x05\x00", FIRST].concat())
        .await
        .unwrap();
    let listening = Client::socks5(stream).bind(server_host()).await.unwrap();
    let since = Instant::now();
    let accepted = listening.timeout(Duration::from_secs(200)).accept().await;
    assert_eq!(accepted.unwrap_err().kind(), Kind::TimedOut);
    assert_eq!(since.elapsed().as_secs(), 200);
}
