use std::{io, net::SocketAddr};

use super::{Side, Wire};
use crate::udp::batch::Departure;

/// A system that sends into a list, by rules like Linux's: a call for many stops at the first
/// that fails and does not say why; ICMP's report fails the next call on the client's socket.
#[derive(Debug, Default)]
pub(in crate::udp) struct Scripted {
    pub(in crate::udp) sent: Vec<(Side, SocketAddr, Vec<u8>)>,
    /// Datagrams of one call.
    pub(in crate::udp) together: usize,
    pub(in crate::udp) segment: usize,
    pub(in crate::udp) refuses_pieces: bool,
    pub(in crate::udp) asked_for_pieces: usize,
    /// How many datagrams each piece was.
    pub(in crate::udp) pieces: Vec<usize>,
    pub(in crate::udp) no_way_to: Option<SocketAddr>,
    /// Datagrams with this last octet are longer than fits the way, whatever their length.
    pub(in crate::udp) too_long: Option<u8>,
    /// Datagrams with this last octet to the client find its port closed.
    pub(in crate::udp) finds_closed: Option<u8>,
    /// What ICMP has said about the way to the client.
    pub(in crate::udp) report: Option<fn() -> io::Error>,
}

impl Scripted {
    pub(in crate::udp) fn new(segment: usize) -> Self {
        Self {
            together: 32,
            segment,
            ..Self::default()
        }
    }

    fn check(&mut self, side: Side, to: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        if side == Side::Client
            && let Some(report) = self.report.take()
        {
            return Err(report());
        }
        if self.no_way_to == Some(to) {
            return Err(io::ErrorKind::NetworkUnreachable.into());
        }
        match datagram.last().is_some() && datagram.last() == self.too_long.as_ref() {
            true => Err(too_long()),
            false => Ok(()),
        }
    }

    pub(in crate::udp) fn one(
        &mut self,
        side: Side,
        to: SocketAddr,
        datagram: &[u8],
    ) -> io::Result<()> {
        self.check(side, to, datagram)?;
        self.sent.push((side, to, datagram.to_vec()));
        let closed = datagram.last().is_some() && datagram.last() == self.finds_closed.as_ref();
        if side == Side::Client && closed {
            self.report = Some(refused);
        }
        Ok(())
    }
}

impl Wire for Scripted {
    fn together(&self) -> usize {
        self.together
    }

    fn many(&mut self, arena: &[u8], list: &[Departure]) -> io::Result<usize> {
        assert!((1..=self.together).contains(&list.len()));
        for (sent, departure) in list.iter().enumerate() {
            assert_eq!(departure.side, list[0].side, "one socket a call");
            let datagram = &arena[departure.octets.clone()];
            match self.one(departure.side, departure.to, datagram) {
                Err(error) if sent == 0 => return Err(error),
                Err(_) => return Ok(sent),
                Ok(()) => {}
            }
        }
        Ok(list.len())
    }

    fn piece(
        &mut self,
        side: Side,
        to: SocketAddr,
        piece: &[u8],
        segment: usize,
    ) -> io::Result<()> {
        self.asked_for_pieces += 1;
        assert!(segment <= self.segment && piece.len() > segment && piece.len() <= 65_507);
        if self.refuses_pieces {
            self.segment = 0;
            return Err(io::ErrorKind::InvalidInput.into());
        }
        for datagram in piece.chunks(segment) {
            self.check(side, to, datagram)?;
        }
        for datagram in piece.chunks(segment) {
            self.one(side, to, datagram)?;
            // Of a piece ICMP speaks once, and not before it is sent.
            self.report = None;
        }
        let mut closed = piece.chunks(segment).map(<[u8]>::last);
        if side == Side::Client && closed.any(|last| last == self.finds_closed.as_ref()) {
            self.report = Some(refused);
        }
        self.pieces.push(piece.chunks(segment).len());
        Ok(())
    }

    fn longest_segment(&self, _: Side) -> usize {
        self.segment
    }
}

pub(super) fn refused() -> io::Error {
    io::ErrorKind::ConnectionRefused.into()
}

pub(super) fn too_long() -> io::Error {
    #[cfg(unix)]
    return io::Error::from_raw_os_error(libc::EMSGSIZE);
    #[cfg(not(unix))]
    return io::Error::from_raw_os_error(10040);
}
