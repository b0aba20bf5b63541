use std::{io, net::SocketAddr, ops::Range};

use super::flush::{Wire, flush};

/// Datagrams that wait at most; the system cuts no more out of one piece either.
const MOST: usize = 64;

/// Octets of a datagram that is worth copying to have it sent with others. Longer ones cost so
/// much by themselves that a call more does not count.
pub(super) const WORTH_COPYING: usize = 4096;

/// Which socket of an association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::udp) enum Side {
    Client,
    /// Towards targets of this family.
    V4,
    V6,
}

impl Side {
    pub(in crate::udp) fn towards(target: SocketAddr) -> Self {
        match target {
            SocketAddr::V4(_) => Self::V4,
            SocketAddr::V6(_) => Self::V6,
        }
    }
}

/// A datagram on its way out.
#[derive(Clone, Debug)]
pub(in crate::udp) struct Departure {
    pub(in crate::udp) side: Side,
    pub(super) to: SocketAddr,
    /// Octets of payload.
    pub(super) payload: usize,
    /// Where the datagram stands.
    pub(super) octets: Range<usize>,
}

/// What became of a datagram.
#[derive(Debug)]
pub(in crate::udp) enum Settled {
    ToTarget {
        to: SocketAddr,
        payload: usize,
        result: io::Result<()>,
    },
    ToClient {
        payload: usize,
        result: io::Result<()>,
    },
    /// Of none in particular: the client's socket reported what ICMP said about an earlier one.
    Reported(io::Error),
}

/// Datagrams that are sent together at the end of a batch.
#[derive(Debug)]
pub(in crate::udp) struct Departures {
    arena: Vec<u8>,
    list: Vec<Departure>,
    settled: Vec<Settled>,
}

impl Departures {
    pub(super) fn new() -> Self {
        Self {
            arena: Vec::new(),
            list: Vec::with_capacity(MOST),
            settled: Vec::with_capacity(MOST),
        }
    }

    /// Takes a datagram, and sends what does not fit or is not worth to wait.
    pub(in crate::udp) fn push(
        &mut self,
        side: Side,
        to: SocketAddr,
        datagram: &[u8],
        payload: usize,
        wire: &mut impl Wire,
    ) {
        let at_once = datagram.len() > WORTH_COPYING;
        if at_once || self.list.len() >= MOST {
            self.flush(wire);
        }
        let start = self.arena.len();
        let departure = |octets| Departure {
            side,
            to,
            payload,
            octets,
        };
        if at_once {
            let alone = [departure(0..datagram.len())];
            return flush(datagram, &alone, wire, &mut self.settled);
        }
        self.arena.extend_from_slice(datagram);
        self.list.push(departure(start..start + datagram.len()));
    }

    /// Sends what waits.
    pub(in crate::udp) fn flush(&mut self, wire: &mut impl Wire) {
        flush(&self.arena, &self.list, wire, &mut self.settled);
        self.arena.clear();
        self.list.clear();
    }

    /// What became of the datagrams since this was last asked, in the order in which they came.
    pub(in crate::udp) fn settled(&mut self) -> impl Iterator<Item = Settled> + '_ {
        self.settled.drain(..)
    }
}
