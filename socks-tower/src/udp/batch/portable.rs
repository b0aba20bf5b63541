//! A datagram a call: what every system has.

use std::{io, net::SocketAddr};

use tokio::net::UdpSocket;

use super::{arrivals::Arrival, departures::Departure};
use crate::udp::port::Port;

/// Datagrams of one call.
pub(in crate::udp) const TOGETHER: usize = 1;

/// There is no such thing in common.
pub(in crate::udp) fn hear_where(_: &UdpSocket) -> bool {
    false
}

/// Receives a datagram.
pub(super) fn receive<'a>(
    port: &mut Port,
    _octets: usize,
    mut rooms: impl Iterator<Item = &'a mut [u8]>,
    arrivals: &mut Vec<Arrival>,
) -> io::Result<()> {
    let room = rooms.next().unwrap_or_default();
    let (len, source) = port.socket.try_recv_from(room)?;
    arrivals.push(Arrival {
        slot: 0,
        octets: 0..len,
        source,
        local: None,
    });
    Ok(())
}

/// Nothing is to be kept between calls.
pub(in crate::udp) struct Sender;

impl Sender {
    pub(super) fn new() -> Self {
        Self
    }

    pub(in crate::udp) fn many(
        &mut self,
        port: &Port,
        arena: &[u8],
        list: &[Departure],
    ) -> io::Result<usize> {
        let Some(first) = list.first() else {
            return Ok(0);
        };
        let datagram = arena.get(first.octets.clone()).unwrap_or_default();
        port.send(first.to, datagram).map(|()| 1)
    }

    pub(in crate::udp) fn piece(
        &mut self,
        _: &Port,
        _: SocketAddr,
        _: &[u8],
        _: usize,
    ) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The system neither puts datagrams together nor cuts them out of one piece.
pub(in crate::udp) fn offload(_: &UdpSocket) -> bool {
    false
}

/// What the system drops is not known.
pub(in crate::udp) fn tell_drops(_: &UdpSocket) -> bool {
    false
}

/// Nothing is tried, so nothing is refused.
pub(in crate::udp) fn segment_after(_: &io::Error, _: usize, _: usize) -> usize {
    0
}
