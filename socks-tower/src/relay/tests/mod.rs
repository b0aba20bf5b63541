//! The relay over scripted streams; in the files beside this one over real sockets, where it may splice.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod early;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod fairness;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod half_close;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod idle;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod inspected;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod last_shutdown;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod link;
mod pace;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod paths;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod pattern;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod resets;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod schedules;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod spy;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod stage;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod urgent;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use proptest::prelude::*;
use socks_core::{
    Address,
    message::{ConnInfo, Endpoint, Identity, SessionId, Version},
};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio_test::io::Builder;
use tower::ServiceExt;

use super::*;
use crate::{BoxError, Side};

pub(crate) fn tunnel<C, T>(client: C, target: T) -> Tunnel<C, T> {
    let conn = ConnInfo::new(
        SessionId(1),
        Version::Socks5,
        Endpoint::Unnamed,
        Endpoint::Unnamed,
    );
    let destination = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 80);
    Tunnel::new(
        client,
        target,
        Arc::new(conn),
        Arc::new(Identity::anonymous()),
        Address::Socket(destination),
    )
}

fn reset() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

/// SE-48, SE-51: a half-close reaches the other side behind the last octet, and the other
/// direction goes on.
#[tokio::test]
async fn half_close() {
    let client = Builder::new()
        .read(b"question")
        .write(b"late answer")
        .build();
    let target = Builder::new()
        .write(b"question")
        .wait(Duration::from_millis(1))
        .read(b"late answer")
        .build();
    let tunnel = tunnel(client, target);
    let traffic = Arc::clone(&tunnel.traffic);
    assert_eq!(
        AdaptiveRelay::new().oneshot(tunnel).await.unwrap(),
        RelayEnd::Closed
    );
    assert_eq!((traffic.sent(), traffic.received()), (8, 11));
}

/// Which side reset its connection is known.
#[tokio::test]
async fn resets() {
    let silent = || Builder::new().wait(Duration::from_secs(60)).build();
    for (read, side) in [(true, Side::Client), (false, Side::Target)] {
        let broken = Builder::new().read_error(reset()).build();
        let end = match read {
            true => AdaptiveRelay::new().oneshot(tunnel(broken, silent())).await,
            false => AdaptiveRelay::new().oneshot(tunnel(silent(), broken)).await,
        };
        assert_eq!(end.unwrap(), RelayEnd::Reset(side));
    }
    let full = Builder::new().write_error(reset()).build();
    let client = Builder::new()
        .read(b"x")
        .wait(Duration::from_secs(60))
        .build();
    let end = AdaptiveRelay::new()
        .oneshot(tunnel(client, full))
        .await
        .unwrap();
    assert_eq!(end, RelayEnd::Reset(Side::Target));
}

/// Answers, ends, and breaks at whatever still comes.
struct Gone(&'static [u8]);

impl AsyncRead for Gone {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buf.put_slice(std::mem::take(&mut self.0));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Gone {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// SE-51: a target that has answered, closed and then breaks at what still comes does not cost the
/// client the end of the answer, however slowly the client reads it.
#[tokio::test]
async fn a_late_reset_does_not_cut_the_answer() {
    for early in [false, true] {
        let (client, mut near) = duplex(4);
        let relay = tokio::spawn(AdaptiveRelay::new().oneshot(tunnel(client, Gone(b"an answer"))));
        if early {
            near.write_all(b"more that nobody wants").await.unwrap();
        }
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"an answer");
        near.write_all(b"more that nobody wants").await.unwrap();
        near.shutdown().await.unwrap();
        assert_eq!(relay.await.unwrap().unwrap(), RelayEnd::Closed);
    }
}

/// SE-22: a reader that stalls stops the other side from being read.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_stops_the_sender() {
    let (client, mut near) = duplex(1024);
    let (target, far) = duplex(1024);
    let relay = tokio::spawn(AdaptiveRelay::new().oneshot(tunnel(client, target)));
    let flood = async {
        let mut sent = 0;
        while near.write_all(&[0; 1024]).await.is_ok() {
            sent += 1024;
            if sent > 1 << 20 {
                return;
            }
        }
    };
    // Nobody reads `far`: what the tunnel and the two pipes hold is the end of it.
    assert!(
        tokio::time::timeout(Duration::from_secs(60), flood)
            .await
            .is_err()
    );
    drop(far);
    relay.abort();
}

async fn exchange(up: Vec<u8>, down: Vec<u8>, sizes: (usize, usize)) {
    async fn side(mut stream: DuplexStream, say: Vec<u8>) -> Vec<u8> {
        let (mut reader, mut writer) = tokio::io::split(&mut stream);
        let speak = async {
            writer.write_all(&say).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let mut heard = Vec::new();
        let listen = reader.read_to_end(&mut heard);
        let (_, listened) = tokio::join!(speak, listen);
        listened.unwrap();
        heard
    }
    let (client, near) = duplex(sizes.0);
    let (target, far) = duplex(sizes.1);
    let tunnel = tunnel(client, target);
    let traffic = Arc::clone(&tunnel.traffic);
    let (end, answered, asked) = tokio::join!(
        AdaptiveRelay::new().oneshot(tunnel),
        side(near, up.clone()),
        side(far, down.clone()),
    );
    let end: Result<RelayEnd, BoxError> = end;
    assert_eq!(end.unwrap(), RelayEnd::Closed);
    assert!(answered == down && asked == up);
    assert_eq!(
        (traffic.sent(), traffic.received()),
        (up.len() as u64, down.len() as u64)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// R5-58, SE-51: whatever the sizes of the messages and of the pipes, both directions arrive
    /// whole and end.
    #[test]
    fn nothing_is_lost(
        up in proptest::collection::vec(any::<u8>(), 0..200_000),
        down in proptest::collection::vec(any::<u8>(), 0..200_000),
        near in 1_usize..70_000,
        far in 1_usize..70_000,
    ) {
        // One octet a time for a hundred thousand octets takes long and proves nothing more.
        let near = near.max(up.len() / 500).max(down.len() / 500);
        let far = far.max(up.len() / 500).max(down.len() / 500);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(exchange(up, down, (near, far)));
    }
}
