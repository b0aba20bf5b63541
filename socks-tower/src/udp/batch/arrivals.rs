use std::{
    io,
    net::SocketAddr,
    ops::Range,
    task::{Context, Poll, ready},
};

use tokio::net::UdpSocket;

use super::{Receiver, TOGETHER};
use crate::udp::flow::HEADROOM;

/// Longer than any datagram, so that none is cut (`UD-36`).
const LONGEST: usize = 65_536;

/// Octets from one datagram to the next: more than fit into one, so that the beginnings of all do
/// not compete for the same lines of the processor's cache.
const STRIDE: usize = LONGEST + 20 * 64;

/// Datagrams that one call received. Memory that none came to is never touched.
pub(in crate::udp) struct Arrivals {
    slots: Box<[u8]>,
    pub(super) list: Vec<Arrival>,
    receiver: Receiver,
}

/// A datagram in the slot of the same number.
pub(super) struct Arrival {
    pub(super) len: usize,
    pub(super) source: SocketAddr,
}

impl Arrivals {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![0; TOGETHER * STRIDE].into_boxed_slice(),
            list: Vec::with_capacity(TOGETHER),
            receiver: Receiver::new(),
        }
    }

    pub(in crate::udp) fn len(&self) -> usize {
        self.list.len()
    }

    /// A datagram, with [`HEADROOM`] in front of it, and its sender.
    pub(in crate::udp) fn slot(
        &mut self,
        index: usize,
    ) -> Option<(&mut [u8], Range<usize>, SocketAddr)> {
        let arrival = self.list.get(index)?;
        let slot = self.slots.chunks_mut(STRIDE).nth(index)?;
        Some((slot, HEADROOM..HEADROOM + arrival.len, arrival.source))
    }

    /// Receives what is there, at least one datagram and as many as there are slots at most.
    pub(in crate::udp) fn poll_receive(
        &mut self,
        socket: &UdpSocket,
        ipv4: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.list.clear();
        loop {
            ready!(socket.poll_recv_ready(cx))?;
            let rooms = self.slots.chunks_mut(STRIDE);
            let rooms = rooms.map(|slot| {
                slot.get_mut(HEADROOM..HEADROOM + LONGEST)
                    .unwrap_or_default()
            });
            let received = self.receiver.receive(socket, ipv4, rooms, &mut self.list);
            match received {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Poll::Ready(Err(error));
                }
                Err(_) if self.list.is_empty() => {}
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}
