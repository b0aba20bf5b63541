//! Counted, not timed: a tunnel that always has more to move leaves its thread to others.

use std::{
    cell::Cell,
    io::{self, Read, Write},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll},
    thread,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    task::{JoinHandle, LocalSet, spawn_local},
};
use tower::ServiceExt;

use super::{
    link::{Link, connection},
    tunnel,
};
use crate::relay::AdaptiveRelay;

/// Always has more to say, and takes everything.
struct Endless;

impl AsyncRead for Endless {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let octets = buf.remaining();
        buf.initialize_unfilled();
        buf.advance(octets);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Endless {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Relays between two streams; how often that was polled is counted.
fn counted<C, T>(client: C, target: T) -> (Rc<Cell<usize>>, JoinHandle<()>)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let polls = Rc::new(Cell::new(0));
    let count = Rc::clone(&polls);
    let relay = AdaptiveRelay::new().oneshot(tunnel(client, target));
    let task = spawn_local(async move {
        let mut relay = pin!(relay);
        let ended = std::future::poll_fn(|cx| {
            count.set(count.get() + 1);
            relay.as_mut().poll(cx)
        });
        let _ = ended.await;
    });
    (polls, task)
}

/// An octet goes to the target and back so often.
const ROUNDS: usize = 100;

/// Polls of a busy tunnel for each of them: an octet waits for the IO driver four times on its way, and
/// a few polls more are of no concern. A tunnel that only wakes itself is polled 61 times for each wait.
const MOST: usize = 12;

async fn ping_pong(link: &mut Link) {
    for _ in 0..ROUNDS {
        let mut octet = [7];
        link.near.write_all(&octet).await.unwrap();
        link.far.read_exact(&mut octet).await.unwrap();
        link.far.write_all(&octet).await.unwrap();
        link.near.read_exact(&mut octet).await.unwrap();
    }
}

#[tokio::test]
async fn beside_tunnels_that_never_wait() {
    let local = LocalSet::new();
    let test = async {
        for busy in [1, 4] {
            let mut link = Link::new(AdaptiveRelay::new()).await;
            let busy: Vec<_> = (0..busy).map(|_| counted(Endless, Endless)).collect();
            ping_pong(&mut link).await;
            for (polls, task) in busy {
                let polls = polls.get();
                assert!(polls > 0 && polls <= ROUNDS * MOST, "{polls} polls");
                task.abort();
            }
        }
    };
    local.run_until(test).await;
}

#[tokio::test]
async fn beside_a_tunnel_that_is_spliced() {
    let local = LocalSet::new();
    let test = async {
        let mut link = Link::new(AdaptiveRelay::new()).await;
        let ((near, client), (far, target)) = (connection(None).await, connection(None).await);
        let blocking = |stream: tokio::net::TcpStream| {
            let stream = stream.into_std().unwrap();
            stream.set_nonblocking(false).unwrap();
            stream
        };
        let (mut near, mut far) = (blocking(near), blocking(far));
        let says = thread::spawn(move || while near.write_all(&[0; 1 << 18]).is_ok() {});
        let hears =
            thread::spawn(move || while far.read(&mut [0; 1 << 18]).is_ok_and(|n| n > 0) {});
        let (polls, task) = counted(client, target);
        while link.spliced() < 8 << 20 {
            tokio::task::yield_now().await;
        }
        let before = (polls.get(), link.spliced());
        ping_pong(&mut link).await;
        let polls = polls.get() - before.0;
        assert!(polls <= ROUNDS * MOST, "{polls} polls");
        assert!(link.spliced() > before.1);
        task.abort();
        let _ = task.await;
        says.join().unwrap();
        hears.join().unwrap();
    };
    local.run_until(test).await;
}
