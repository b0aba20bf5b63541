use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream, UdpSocket},
    ops::Range,
    time::Duration,
};

use tokio::time::Instant;

use super::pieces;
use crate::BoxError;

/// A SOCKS client with an association, and what it has sent and not got back.
pub(super) struct Client {
    /// The association lives as long as this.
    _control: Option<TcpStream>,
    pub(super) socket: UdpSocket,
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
    pub(super) outstanding: Vec<u64>,
    pub(super) heard: Instant,
}

const PATIENCE: Duration = Duration::from_secs(5);

/// Octets of the number that each payload begins with.
const NUMBER: usize = 8;

pub(super) enum Received {
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
    /// A client of the SOCKS server at `server`, which sends `octets` at a time to `target`.
    pub(super) fn associated(
        server: SocketAddr,
        target: SocketAddr,
        octets: usize,
    ) -> Result<Self, BoxError> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut control = TcpStream::connect_timeout(&server, PATIENCE)?;
        control.set_read_timeout(Some(PATIENCE))?;
        control.write_all(&[5, 1, 0])?;
        let mut selection = [0; 2];
        control.read_exact(&mut selection)?;
        let mut request = vec![5, 3, 0];
        request.extend(address(socket.local_addr()?)?);
        control.write_all(&request)?;
        let mut reply = [0; 10];
        control.read_exact(&mut reply)?;
        let [5, 0, 0, 1, a, b, c, d, high, low] = reply else {
            return Err(format!("UDP ASSOCIATE is answered {reply:02x?}").into());
        };
        let port = u16::from_be_bytes([high, low]);
        let relay = SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), port);
        Self::new(Some(control), socket, relay.into(), target, octets)
    }

    /// A client of a forwarder at `relay`, to which the header is payload.
    pub(super) fn forwarded(
        relay: SocketAddr,
        target: SocketAddr,
        octets: usize,
    ) -> Result<Self, BoxError> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        Self::new(None, socket, relay, target, octets)
    }

    fn new(
        control: Option<TcpStream>,
        socket: UdpSocket,
        relay: SocketAddr,
        target: SocketAddr,
        octets: usize,
    ) -> Result<Self, BoxError> {
        socket.connect(relay)?;
        socket.set_nonblocking(true)?;
        let mut header = vec![0; 3];
        header.extend(address(target)?);
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

    pub(super) fn use_pieces(&mut self) -> Result<(), BoxError> {
        self.pieces = true;
        Ok(pieces::take(&self.socket)?)
    }

    /// How many datagrams are worth sending, where `missing` of `window` might be.
    pub(super) fn worth(&self, missing: usize, window: usize) -> usize {
        let piece = pieces::LONGEST / self.datagram.len();
        match self.pieces {
            true if missing < window.div_ceil(2) => 0,
            true => missing.min(piece),
            false => missing.min(1),
        }
    }

    /// Sends so many, in one piece if they are several.
    pub(super) fn send(&mut self, count: usize) -> Result<(), BoxError> {
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
    pub(super) fn has_rest(&self) -> bool {
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

    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Result<Received, BoxError> {
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
    pub(super) fn give_up(&mut self, but: Option<u64>) -> u64 {
        let before = self.outstanding.len();
        let oldest = match but {
            None => self.next,
            Some(datagrams) => self.next.saturating_sub(datagrams),
        };
        self.outstanding.retain(|number| *number >= oldest);
        (before - self.outstanding.len()) as u64
    }
}

/// Type, address and port, as they stand in requests and UDP headers.
fn address(addr: SocketAddr) -> Result<Vec<u8>, BoxError> {
    let SocketAddr::V4(addr) = addr else {
        return Err("the benchmark is of IPv4".into());
    };
    let mut octets = vec![1];
    octets.extend(addr.ip().octets());
    octets.extend(addr.port().to_be_bytes());
    Ok(octets)
}
