use std::{
    array,
    io::{self, IoSliceMut},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    os::fd::AsRawFd,
};

use libc::{c_int, in6_pktinfo};
use nix::{
    cmsg_space,
    sys::socket::{ControlMessageOwned, MsgFlags, RecvMsg, SockaddrStorage, recvmmsg},
};
use tokio::io::Interest;

use super::{Headers, TOGETHER};
use crate::udp::{batch::arrivals::Arrival, port::Port};

/// Messages of one call while the system puts datagrams together: as many datagrams may be in each
/// of them as are otherwise received at once, and others are to have the thread, too.
const PIECES: usize = 4;

/// Messages of one call at least. Their headers are made anew for each call, which with room for all that may come costs
/// more than to call again for those who rarely send so many.
const FEW: usize = 4;

/// Calls after a piece in which another one may come. Whoever sends single datagrams in between does
/// not have a call for these bring pieces: thousands of small datagrams at once.
const EXPECTED: u8 = 32;

/// Of so many octets a datagram is taken to be, and a piece, where there is room for few.
const USUAL: (usize, usize) = (1500, 65_536);

/// Receives as many datagrams as there are, at most about so many octets of them.
///
/// Where fewer messages came than could have, the socket is known to be empty, and the runtime is
/// told so in place of a call that finds nothing. It may also be an error that ended the batch:
/// then the system has told the runtime about the error, too, and the socket is looked at again.
///
/// The lengths of addresses and of control messages are written back by each call and would be
/// taken for the room that there is by the next one, so the headers are made anew.
pub(in crate::udp::batch) fn receive<'a>(
    port: &mut Port,
    octets: usize,
    rooms: impl Iterator<Item = &'a mut [u8]>,
    arrivals: &mut Vec<Arrival>,
) -> io::Result<()> {
    let most = match port.hears_pieces {
        0 => port.expects.clamp(FEW, TOGETHER).min(octets / USUAL.0 + 1),
        _ => PIECES.min(octets / USUAL.1 + 1),
    };
    let mut rooms = rooms.take(most);
    let mut rooms: [_; TOGETHER] =
        array::from_fn(|_| [IoSliceMut::new(rooms.next().unwrap_or_default())]);
    let control = match (port.hears_where, port.tells_drops) {
        (false, false) => cmsg_space!(c_int),
        (true, false) => cmsg_space!(c_int, in6_pktinfo),
        (false, true) => cmsg_space!(c_int, u32),
        (true, true) => cmsg_space!(c_int, in6_pktinfo, u32),
    };
    let mut headers = Headers::preallocate(most, Some(control));
    port.socket.try_io(Interest::READABLE, || {
        let (fd, flags) = (port.socket.as_raw_fd(), MsgFlags::empty());
        let mut messages = 0;
        for message in recvmmsg(fd, &mut headers, &mut rooms, flags, None)? {
            let source = source(message.address);
            let local = port.hears_where.then(|| local(&message)).flatten();
            if port.tells_drops
                && let Some(dropped) = dropped(&message)
            {
                port.dropped = dropped;
            }
            let arrival = |octets| Arrival {
                slot: messages,
                octets,
                source,
                local,
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
        port.expects = (2 * messages).max(port.expects / 2);
        port.hears_pieces = match arrivals.len() > messages {
            true => EXPECTED,
            false => port.hears_pieces.saturating_sub(1),
        };
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

/// The address of this machine that a message came to; of one that came to many machines, the one that
/// it would be answered from.
fn local(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<IpAddr> {
    message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            let octets = info.ipi_spec_dst.s_addr.to_ne_bytes();
            Some(Ipv4Addr::from(octets).into())
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into())
        }
        _ => None,
    })
}

/// How many datagrams the system has dropped of the socket's, as far as it says so: once there are any.
fn dropped(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<u32> {
    message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::RxqOvfl(dropped) => Some(dropped),
        _ => None,
    })
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
