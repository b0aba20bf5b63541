use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    ops::Range,
};

use tokio::time::Instant;

use super::{associate::associate, pieces};
use crate::{
    BoxError,
    client::{Door, Way, address},
};

/// A SOCKS client with an association, and what it has sent and not got back.
pub(crate) struct Client {
    /// The association lives as long as this.
    _control: Option<TcpStream>,
    pub(crate) socket: UdpSocket,
    /// Of both directions: what the client asks for is who answers.
    header: Vec<u8>,
    /// Header, number, pattern.
    datagram: Vec<u8>,
    next: u64,
    /// Whether datagrams go and come in pieces.
    pieces: bool,
    /// What is left of the last one that came, and how long each datagram in it is.
    rest: Range<usize>,
    segment: usize,
    pub(crate) outstanding: Vec<u64>,
    pub(crate) heard: Instant,
}

/// Octets of the number that each payload begins with.
const NUMBER: usize = 8;

pub(crate) enum Received {
    Echo,
    /// Given up already, or here for the second time.
    Late,
    /// Not what was sent.
    Wrong,
    /// The relay is not there.
    Refused,
    Nothing,
}

impl Client {
    /// A client that sends `octets` at a time to `target`. To a forwarder the header is payload.
    pub(crate) fn new(door: &Door, target: SocketAddr, octets: usize) -> Result<Self, BoxError> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (control, relay) = match door.way {
            Way::Straight => (None, door.addr),
            Way::Socks { .. } => {
                let (control, relay) = associate(door.addr, socket.local_addr()?)?;
                (Some(control), relay)
            }
        };
        Self::to(control, socket, relay, target, octets)
    }

    fn to(
        control: Option<TcpStream>,
        socket: UdpSocket,
        relay: SocketAddr,
        target: SocketAddr,
        octets: usize,
    ) -> Result<Self, BoxError> {
        socket.connect(relay)?;
        socket.set_nonblocking(true)?;
        let mut header = vec![0; 3];
        header.extend(address(target));
        let mut datagram = header.clone();
        datagram.extend((0..octets.max(NUMBER)).map(|octet| octet as u8));
        Ok(Self {
            _control: control,
            socket,
            header,
            datagram,
            next: 0,
            pieces: false,
            rest: 0..0,
            segment: 0,
            outstanding: Vec::new(),
            heard: Instant::now(),
        })
    }

    pub(crate) fn use_pieces(&mut self) -> Result<(), BoxError> {
        self.pieces = true;
        Ok(pieces::take(&self.socket)?)
    }

    /// How many datagrams are worth sending, where `missing` of `window` might be.
    pub(crate) fn worth(&self, missing: usize, window: usize) -> usize {
        let piece = pieces::LONGEST / self.datagram.len();
        match self.pieces {
            true if missing < window.div_ceil(2) => 0,
            true => missing.min(piece),
            false => missing.min(1),
        }
    }

    /// Sends so many, in one piece if they are several.
    pub(crate) fn send(&mut self, count: usize) -> Result<(), BoxError> {
        let start = self.header.len();
        let mut piece = Vec::new();
        for _ in 0..count {
            if let Some(number) = self.datagram.get_mut(start..start + NUMBER) {
                number.copy_from_slice(&self.next.to_be_bytes());
            }
            piece.extend_from_slice(&self.datagram);
            self.outstanding.push(self.next);
            self.next += 1;
        }
        let sent = match count {
            1 => self.socket.send(&piece).map(drop),
            _ => pieces::send(&self.socket, &piece, self.datagram.len(), None),
        };
        match sent {
            Ok(()) => {}
            // Lost, like one that the network drops.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Whether more of the last piece is in the buffer.
    pub(crate) fn has_rest(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Where in `buffer` the next datagram stands. A buffer is used until there is nothing more.
    fn take(&mut self, buffer: &mut [u8]) -> io::Result<Range<usize>> {
        if self.rest.is_empty() {
            let (len, segment) = match self.pieces {
                true => {
                    pieces::receive(&self.socket, buffer).map(|(len, segment, _)| (len, segment))
                }
                false => self.socket.recv(buffer).map(|len| (len, len)),
            }?;
            (self.rest, self.segment) = (0..len, segment);
        }
        let start = self.rest.start;
        self.rest.start = self.rest.end.min(start + self.segment);
        Ok(start..self.rest.start)
    }

    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Result<Received, BoxError> {
        let octets = match self.take(buffer) {
            Ok(octets) => octets,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(Received::Nothing);
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return Ok(Received::Refused);
            }
            Err(error) => return Err(error.into()),
        };
        let start = self.header.len();
        let pattern = start + NUMBER;
        let datagram = buffer.get(octets).unwrap_or_default();
        if datagram.len() != self.datagram.len()
            || datagram.get(..start) != Some(&self.header)
            || datagram.get(pattern..) != self.datagram.get(pattern..)
        {
            return Ok(Received::Wrong);
        }
        let number = datagram.get(start..pattern).unwrap_or_default();
        let number = number.try_into().map(u64::from_be_bytes)?;
        let place = self.outstanding.iter().position(|sent| *sent == number);
        let Some(place) = place else {
            return Ok(Received::Late);
        };
        self.outstanding.swap_remove(place);
        Ok(Received::Echo)
    }

    /// Gives up what is older than the last `datagrams`, or everything, and answers how many.
    pub(crate) fn give_up(&mut self, but: Option<u64>) -> u64 {
        let before = self.outstanding.len();
        let oldest = match but {
            None => self.next,
            Some(datagrams) => self.next.saturating_sub(datagrams),
        };
        self.outstanding.retain(|number| *number >= oldest);
        (before - self.outstanding.len()) as u64
    }
}
