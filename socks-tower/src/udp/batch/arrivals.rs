use std::{
    io,
    net::{IpAddr, SocketAddr},
    ops::Range,
    task::{Context, Poll, ready},
};

use super::system::{TOGETHER, receive};
use crate::udp::{flow::HEADROOM, port::Port};

/// Longer than any datagram, so that none is cut (`UD-36`).
const LONGEST: usize = 65_536;

/// Octets from one slot to the next: more than fit into one, so that the beginnings of all do not
/// compete for the same lines of the processor's cache.
const STRIDE: usize = LONGEST + 20 * 64;

/// Datagrams that one call received. Memory that none came to is never touched.
pub(in crate::udp) struct Arrivals {
    slots: Box<[u8]>,
    list: Vec<Arrival>,
}

/// A datagram, which may share its slot with others: a piece that the system put together comes
/// as one.
pub(super) struct Arrival {
    pub(super) slot: usize,
    /// Counted from behind the headroom.
    pub(super) octets: Range<usize>,
    pub(super) source: SocketAddr,
    /// The address of this machine that it came to, if the system was asked for it.
    pub(super) local: Option<IpAddr>,
}

impl Arrivals {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![0; TOGETHER * STRIDE].into_boxed_slice(),
            list: Vec::with_capacity(TOGETHER),
        }
    }

    pub(in crate::udp) fn len(&self) -> usize {
        self.list.len()
    }

    /// A datagram and its sender. The [`HEADROOM`] in front of it may be written to: what stands
    /// there is at most the end of the one before.
    pub(in crate::udp) fn slot(
        &mut self,
        index: usize,
    ) -> Option<(&mut [u8], Range<usize>, SocketAddr)> {
        let arrival = self.list.get(index)?;
        let slot = self.slots.chunks_mut(STRIDE).nth(arrival.slot)?;
        let Range { start, end } = arrival.octets;
        Some((slot, HEADROOM + start..HEADROOM + end, arrival.source))
    }

    /// The address of this machine that a datagram came to, if the system was asked for it.
    pub(in crate::udp) fn local(&self, index: usize) -> Option<IpAddr> {
        self.list.get(index)?.local
    }

    /// Receives what is there, at least one datagram.
    pub(in crate::udp) fn poll_receive(
        &mut self,
        port: &mut Port,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.list.clear();
        loop {
            ready!(port.socket.poll_recv_ready(cx))?;
            let rooms = self.slots.chunks_mut(STRIDE);
            let rooms = rooms.map(|slot| {
                slot.get_mut(HEADROOM..HEADROOM + LONGEST)
                    .unwrap_or_default()
            });
            match receive(port, rooms, &mut self.list) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Poll::Ready(Err(error));
                }
                Err(_) if self.list.is_empty() => {}
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}
