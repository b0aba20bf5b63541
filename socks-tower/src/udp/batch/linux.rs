//! `recvmmsg`, `sendmmsg` and `UDP_SEGMENT`.

use std::{
    array,
    io::{self, IoSlice, IoSliceMut},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    os::fd::AsRawFd,
    sync::OnceLock,
};

use nix::{
    errno::Errno,
    sys::socket::{
        ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, getsockopt, recvmmsg, sendmmsg,
        sendmsg, sockopt,
    },
};
use tokio::{io::Interest, net::UdpSocket};

use super::{arrivals::Arrival, departures::Departure};
use crate::udp::port::Port;

/// Datagrams of one call.
pub(in crate::udp) const TOGETHER: usize = 32;

type Headers = MultiHeaders<SockaddrStorage>;

/// What `recvmmsg` describes datagrams by. The lengths of the addresses are written back by each
/// call and taken for the room that there is by the next one, so headers are used for one family.
pub(in crate::udp) struct Receiver {
    v4: Headers,
    v6: Headers,
}

impl Receiver {
    pub(super) fn new() -> Self {
        Self {
            v4: MultiHeaders::preallocate(TOGETHER, None),
            v6: MultiHeaders::preallocate(TOGETHER, None),
        }
    }

    /// Receives as many datagrams as there are.
    ///
    /// Where fewer came than could have, the socket is known to be empty, and the runtime is told
    /// so in place of a call that finds nothing. It may also be an error that ended the batch: then
    /// the system has told the runtime about the error, too, and the socket is looked at again.
    pub(super) fn receive<'a>(
        &mut self,
        socket: &UdpSocket,
        ipv4: bool,
        mut rooms: impl Iterator<Item = &'a mut [u8]>,
        arrivals: &mut Vec<Arrival>,
    ) -> io::Result<()> {
        let headers = match ipv4 {
            true => &mut self.v4,
            false => &mut self.v6,
        };
        let mut rooms: [_; TOGETHER] =
            array::from_fn(|_| [IoSliceMut::new(rooms.next().unwrap_or_default())]);
        let flags = MsgFlags::empty();
        socket.try_io(Interest::READABLE, || {
            let received = recvmmsg(socket.as_raw_fd(), headers, &mut rooms, flags, None)?;
            arrivals.extend(received.map(|message| Arrival {
                len: message.bytes,
                source: source(message.address),
            }));
            match arrivals.len() < TOGETHER {
                true => Err(io::ErrorKind::WouldBlock.into()),
                false => Ok(()),
            }
        })
    }
}

/// One that cannot be told is nobody's, and its datagram is dropped.
fn source(addr: Option<SockaddrStorage>) -> SocketAddr {
    let v4 = || addr?.as_sockaddr_in().map(|addr| SocketAddrV4::from(*addr));
    let v6 = || {
        addr?
            .as_sockaddr_in6()
            .map(|addr| SocketAddrV6::from(*addr))
    };
    match v4() {
        Some(addr) => SocketAddr::V4(addr),
        None => v6().map_or((Ipv4Addr::UNSPECIFIED, 0).into(), SocketAddr::V6),
    }
}

/// What `sendmmsg` describes datagrams by.
pub(in crate::udp) struct Sender {
    headers: Headers,
    addrs: Vec<Option<SockaddrStorage>>,
}

impl Sender {
    pub(super) fn new() -> Self {
        Self {
            headers: MultiHeaders::preallocate(TOGETHER, None),
            addrs: Vec::with_capacity(TOGETHER),
        }
    }

    pub(in crate::udp) fn many(
        &mut self,
        port: &Port,
        arena: &[u8],
        list: &[Departure],
    ) -> io::Result<usize> {
        let octets = |departure: &Departure| arena.get(departure.octets.clone());
        if let [alone] = list {
            let datagram = octets(alone).unwrap_or_default();
            return port.send(alone.to, datagram).map(|()| 1);
        }
        let mut slices = list.iter().map(octets);
        let slices: [_; TOGETHER] =
            array::from_fn(|_| [IoSlice::new(slices.next().flatten().unwrap_or_default())]);
        let count = list.len().min(TOGETHER);
        let addrs = list.iter().take(count);
        self.addrs.clear();
        self.addrs
            .extend(addrs.map(|departure| port.address(departure.to)));
        let sent = sendmmsg(
            port.socket.as_raw_fd(),
            &mut self.headers,
            slices.iter().take(count),
            &self.addrs,
            [],
            MsgFlags::empty(),
        )?;
        Ok(sent.count())
    }

    pub(in crate::udp) fn piece(
        &mut self,
        port: &Port,
        to: SocketAddr,
        piece: &[u8],
        segment: usize,
    ) -> io::Result<()> {
        let segment = u16::try_from(segment).map_err(|_| Errno::EINVAL)?;
        sendmsg(
            port.socket.as_raw_fd(),
            &[IoSlice::new(piece)],
            &[ControlMessage::UdpGsoSegments(&segment)],
            MsgFlags::empty(),
            port.address(to).as_ref(),
        )?;
        Ok(())
    }
}

impl Port {
    fn address(&self, to: SocketAddr) -> Option<SockaddrStorage> {
        (!self.connected).then(|| to.into())
    }
}

/// Whether the system cuts datagrams out of one piece. One that does not know of it would send the
/// piece as it is, so it is asked first.
pub(in crate::udp) fn can_segment(socket: &UdpSocket) -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| getsockopt(socket, sockopt::UdpGsoSegment).is_ok())
}

/// The longest segment to be tried after a piece of `segment` octets each was refused, where it
/// was `longest`. What does not fit the way is `EINVAL` or, in newer kernels, `EMSGSIZE`, unless it
/// fits every way there is. What else speaks against segments does so for all of them, such as
/// `EIO` of a device that leaves checksums to the system.
pub(in crate::udp) fn segment_after(error: &io::Error, segment: usize, longest: usize) -> usize {
    /// Fits every way: 576 octets less the headers (RFC 1122 §3.3.3).
    const FITS: usize = 508;
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EINVAL | Errno::EMSGSIZE) if segment > FITS => longest.min(segment - 1),
        Some(
            Errno::EINVAL
            | Errno::EMSGSIZE
            | Errno::EIO
            | Errno::EOPNOTSUPP
            | Errno::ENOPROTOOPT
            | Errno::ENOSYS,
        ) => 0,
        _ => longest,
    }
}
