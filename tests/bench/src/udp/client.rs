use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream, UdpSocket},
    time::Duration,
};

use tokio::time::Instant;

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
    pub(crate) outstanding: Vec<u64>,
    pub(crate) heard: Instant,
}

const PATIENCE: Duration = Duration::from_secs(5);

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
            outstanding: Vec::new(),
            heard: Instant::now(),
        })
    }

    pub(crate) fn send(&mut self) -> Result<(), BoxError> {
        let start = self.header.len();
        if let Some(number) = self.datagram.get_mut(start..start + NUMBER) {
            number.copy_from_slice(&self.next.to_be_bytes());
        }
        match self.socket.send(&self.datagram) {
            Ok(_) => {}
            // Lost, like one that the network drops.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => return Err(error.into()),
        }
        self.outstanding.push(self.next);
        self.next += 1;
        Ok(())
    }

    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Result<Received, BoxError> {
        let len = match self.socket.recv(buffer) {
            Ok(len) => len,
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
        let datagram = buffer.get(..len).unwrap_or_default();
        if len != self.datagram.len()
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

fn associate(server: SocketAddr, own: SocketAddr) -> Result<(TcpStream, SocketAddr), BoxError> {
    let mut control = TcpStream::connect_timeout(&server, PATIENCE)?;
    control.set_read_timeout(Some(PATIENCE))?;
    control.write_all(&[5, 1, 0])?;
    let mut selection = [0; 2];
    control.read_exact(&mut selection)?;
    let mut request = vec![5, 3, 0];
    request.extend(address(own));
    control.write_all(&request)?;
    let mut reply = [0; 10];
    control.read_exact(&mut reply)?;
    let [5, 0, 0, 1, a, b, c, d, high, low] = reply else {
        return Err(format!("UDP ASSOCIATE is answered {reply:02x?}").into());
    };
    let port = u16::from_be_bytes([high, low]);
    let relay = SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), port);
    Ok((control, relay.into()))
}
