//! Sending without waiting.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use e2e::with_login;
use socks_core::{ReplyCode, client::UsernamePassword};
use socks_tower::{
    Incoming,
    client::{Client, ClientErrorKind as Kind},
};
use support::{Server, Target};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};
use tower::ServiceExt;

use crate::{GRANTED, LOGIN, LOGIN_GREETING, REQUEST, destination, reply, server};

/// Counts what would be system calls.
struct Counting<S>(S, Arc<AtomicUsize>);

impl<S: AsyncRead + Unpin> AsyncRead for Counting<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counting<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn everything(payload: &[u8]) -> Vec<u8> {
    [LOGIN_GREETING, LOGIN, REQUEST, payload].concat()
}

/// R5-6, UP-19: greeting, login, request and payload in one write, and our server serves it.
#[tokio::test]
async fn one_write() {
    let target = Target::echo().await;
    let server = Server::start(with_login(target.addr)).await;
    let writes = Arc::<AtomicUsize>::default();
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let client = Client::socks5(Counting(stream, Arc::clone(&writes)));
    let client = client.username_password("user", "pass").unwrap();
    let mut tunnel = client.connect_with(destination(), b"hello").await.unwrap();
    assert_eq!(writes.load(Ordering::Relaxed), 1);
    tunnel.shutdown().await.unwrap();
    let mut heard = Vec::new();
    tunnel.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"hello");
}

/// UP-2: with two methods on offer nothing of the login goes out before the selection, and the
/// payload goes with the request.
#[tokio::test]
async fn several_methods_wait() {
    let turns: [(&[u8], &[u8]); 3] = [
        (b"\x05\x02\x02\x00", b"\x05\x02"),
        (LOGIN, b"\x01\x00"),
        (&[REQUEST, b"hello"].concat(), GRANTED),
    ];
    let client = Client::socks5(server(&turns))
        .method(UsernamePassword::new("user", "pass").unwrap())
        .or_no_authentication();
    client.connect_with(destination(), b"hello").await.unwrap();
}

/// R5-15, R5-47, UP-10: a refusal at each step is that refusal, although everything is out already.
#[tokio::test]
async fn refusals() {
    let refused = [b"\x05\x02\x01\x00", &reply(5)[..]].concat();
    for (says, kind) in [
        (&b"\x05\xff"[..], Kind::Authentication),
        (b"\x05\x00", Kind::Protocol),
        (b"\x05\x02\x01\x01", Kind::Authentication),
        (b"\x05\x02\x01\x00\x05\x02", Kind::Refused),
        (b"\x05\x02\x01\x00\x05\x00", Kind::UnexpectedEnd),
        (&refused, Kind::Target),
    ] {
        let client = Client::socks5(server(&[(&everything(b"hello"), says)]));
        let client = client.username_password("user", "pass").unwrap();
        let error = client
            .connect_with(destination(), b"hello")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{says:?}");
    }
}

/// A server that has answered and closed before everything was written: the answer counts.
#[tokio::test]
async fn a_refusal_counts_more_than_a_failed_write() {
    let (stream, mut server) = tokio::io::duplex(16);
    server.write_all(b"\x05\x02\x01\x00\x05\x02").await.unwrap();
    drop(server);
    let client = Client::socks5(stream);
    let client = client.username_password("user", "pass").unwrap();
    let error = client
        .connect_with(destination(), &[0; 100])
        .await
        .unwrap_err();
    assert_eq!(error.reply_code(), Some(ReplyCode::NOT_ALLOWED));
}

/// R5-7, R5-53: however small the buffers on the way are, nothing of either side's is lost.
#[tokio::test]
async fn small_buffers() {
    let target = Target::echo().await;
    let payload: Vec<u8> = (0..60_000_u32).map(|i| i as u8).collect();
    for size in [1, 7, 64] {
        let (stream, io) = tokio::io::duplex(size);
        let session = with_login(target.addr).oneshot(Incoming::unnamed(io));
        tokio::spawn(session);
        let client = Client::socks5(stream);
        let client = client.username_password("user", "pass").unwrap();
        let mut tunnel = client.connect_with(destination(), &payload).await.unwrap();
        tunnel.shutdown().await.unwrap();
        let mut heard = Vec::new();
        tunnel.read_to_end(&mut heard).await.unwrap();
        assert!(heard == payload);
    }
}
