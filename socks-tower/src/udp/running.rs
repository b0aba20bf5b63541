use std::{
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::StreamExt;
use tokio::{
    net::UdpSocket,
    time::{Instant, Sleep},
};

use super::{
    flow::{Flow, HEADROOM},
    sockets::{Outside, Sockets},
};
use crate::{Resolver, relay::scratch};

/// Datagrams of one socket that are relayed before others get the thread.
const BATCH: usize = 32;

/// Longer than any datagram, so that none is cut (`UD-36`).
const LONGEST: usize = 65_536;

/// Relays until the association ends by itself.
pub(super) async fn run<R: Resolver>(mut flow: Flow, mut sockets: Sockets<R>) {
    let mut timer = Box::pin(tokio::time::sleep_until(flow.deadline()));
    poll_fn(|cx| poll(&mut flow, &mut sockets, &mut timer, cx)).await;
}

fn poll<R: Resolver>(
    flow: &mut Flow,
    sockets: &mut Sockets<R>,
    timer: &mut Pin<Box<Sleep>>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let now = Instant::now();
    let more = scratch::with(|buffer| {
        let client = from_client(flow, sockets, buffer, now, cx);
        // Behind the client's datagrams, so that a lookup which began just now is asked for its
        // waker; before the outside, so that a socket which an answer opens is read at once.
        while let Poll::Ready(Some((name, addrs))) = sockets.lookups.poll_next_unpin(cx) {
            flow.resolved(&name, addrs.as_ref(), now, sockets);
        }
        let v4 = from_outside(flow, sockets, |sockets| &sockets.v4, buffer, now, cx);
        let v6 = from_outside(flow, sockets, |sockets| &sockets.v6, buffer, now, cx);
        client | v4 | v6
    });
    loop {
        // The deadline slides with every datagram, the timer only once it has fired.
        let deadline = flow.deadline();
        if deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
        }
        if timer.as_mut().poll(cx).is_pending() {
            break;
        }
        if flow.expire(now.max(timer.deadline())) {
            return Poll::Ready(());
        }
        timer.as_mut().reset(flow.deadline());
    }
    if more {
        cx.waker().wake_by_ref();
    }
    Poll::Pending
}

/// Relays a batch; true if there may be more.
fn from_client<R: Resolver>(
    flow: &mut Flow,
    sockets: &mut Sockets<R>,
    buffer: &mut [u8],
    now: Instant,
    cx: &mut Context<'_>,
) -> bool {
    for _ in 0..BATCH {
        let buffer = buffer.get_mut(..LONGEST).unwrap_or_default();
        match receive(&sockets.client, buffer, cx) {
            Poll::Pending => return false,
            Poll::Ready(Ok((len, source))) => {
                let datagram = buffer.get(..len).unwrap_or_default();
                flow.client_sent(datagram, source, now, sockets);
            }
            Poll::Ready(Err(error)) => flow.failed(&error),
        }
    }
    true
}

fn from_outside<R: Resolver>(
    flow: &mut Flow,
    sockets: &mut Sockets<R>,
    side: fn(&Sockets<R>) -> &Outside,
    buffer: &mut [u8],
    now: Instant,
    cx: &mut Context<'_>,
) -> bool {
    for _ in 0..BATCH {
        let Some(socket) = side(sockets).socket() else {
            return false;
        };
        let room = buffer.get_mut(HEADROOM..HEADROOM + LONGEST);
        match receive(socket, room.unwrap_or_default(), cx) {
            Poll::Pending => return false,
            Poll::Ready(Ok((len, source))) => {
                let payload = HEADROOM..HEADROOM + len;
                flow.outside_sent(buffer, payload, source, now, sockets);
            }
            Poll::Ready(Err(error)) => flow.failed(&error),
        }
    }
    true
}

fn receive(
    socket: &UdpSocket,
    buffer: &mut [u8],
    cx: &mut Context<'_>,
) -> Poll<io::Result<(usize, SocketAddr)>> {
    loop {
        if socket.poll_recv_ready(cx)?.is_pending() {
            return Poll::Pending;
        }
        match socket.try_recv_from(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            received => return Poll::Ready(received),
        }
    }
}
