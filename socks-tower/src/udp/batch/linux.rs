//! `recvmmsg` with `UDP_GRO`, `sendmmsg`, and `UDP_SEGMENT`.

use std::{
    array,
    io::{self, IoSlice, IoSliceMut},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    os::fd::AsRawFd,
    sync::OnceLock,
};

use libc::c_int;
use nix::{
    cmsg_space,
    errno::Errno,
    sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrStorage,
        getsockopt, recvmmsg, sendmmsg, sendmsg, setsockopt, sockopt,
    },
};
use tokio::{io::Interest, net::UdpSocket};

use super::{arrivals::Arrival, departures::Departure};
use crate::udp::port::Port;

/// Datagrams of one call.
pub(in crate::udp) const TOGETHER: usize = 32;

/// Messages of one call while the system puts datagrams together: as many datagrams may be in each
/// of them as are otherwise received at once, and others are to have the thread, too.
const PIECES: usize = 4;

/// Receives as many datagrams as there are.
///
/// Where fewer messages came than could have, the socket is known to be empty, and the runtime is
/// told so in place of a call that finds nothing. It may also be an error that ended the batch:
/// then the system has told the runtime about the error, too, and the socket is looked at again.
///
/// The lengths of addresses and of control messages are written back by each call and would be
/// taken for the room that there is by the next one, so the headers are made anew.
pub(super) fn receive<'a>(
    port: &mut Port,
    mut rooms: impl Iterator<Item = &'a mut [u8]>,
    arrivals: &mut Vec<Arrival>,
) -> io::Result<()> {
    let most = if port.hears_pieces { PIECES } else { TOGETHER };
    let mut rooms: [_; TOGETHER] =
        array::from_fn(|_| [IoSliceMut::new(rooms.next().unwrap_or_default())]);
    let mut headers = Headers::preallocate(most, Some(cmsg_space!(c_int)));
    port.socket.try_io(Interest::READABLE, || {
        let (fd, flags) = (port.socket.as_raw_fd(), MsgFlags::empty());
        let mut messages = 0;
        for message in recvmmsg(fd, &mut headers, &mut rooms, flags, None)? {
            let source = source(message.address);
            let arrival = |octets| Arrival {
                slot: messages,
                octets,
                source,
            };
            match segment(&message) {
                None => arrivals.push(arrival(0..message.bytes)),
                Some(segment) => arrivals.extend(
                    (0..message.bytes)
                        .step_by(segment)
                        .map(|start| arrival(start..message.bytes.min(start + segment))),
                ),
            }
            messages += 1;
        }
        port.hears_pieces = arrivals.len() > messages;
        match messages < most {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(()),
        }
    })
}

/// Of how many octets the datagrams are that the system has put together, but for the last one.
fn segment(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<usize> {
    let segment = message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::UdpGroSegments(segment) => usize::try_from(segment).ok(),
        _ => None,
    });
    segment.filter(|segment| (1..message.bytes).contains(segment))
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

type Headers = MultiHeaders<SockaddrStorage>;

/// What `sendmmsg` describes datagrams by.
pub(in crate::udp) struct Sender {
    headers: Headers,
    addrs: Vec<Option<SockaddrStorage>>,
}

impl Sender {
    pub(super) fn new() -> Self {
        Self {
            headers: Headers::preallocate(TOGETHER, None),
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

/// Has datagrams put together for this socket (Linux 5.0), and answers whether the system cuts them
/// out of one piece (4.18). One that does not know of it would send the piece as it is, so it is
/// asked first.
pub(in crate::udp) fn offload(socket: &UdpSocket) -> bool {
    static CAN_SEGMENT: OnceLock<bool> = OnceLock::new();
    // Without it they come one by one.
    let _ = setsockopt(socket, sockopt::UdpGroSegment, &true);
    *CAN_SEGMENT.get_or_init(|| getsockopt(socket, sockopt::UdpGsoSegment).is_ok())
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
