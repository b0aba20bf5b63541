//! Datagrams in one piece, as QUIC stacks hand them over and take them.

use std::{
    io::{self, IoSlice, IoSliceMut},
    net::{SocketAddr, SocketAddrV4, UdpSocket},
    os::fd::AsRawFd,
};

use nix::{
    cmsg_space,
    libc::c_int,
    sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt,
        sockopt::UdpGroSegment,
    },
};

/// Octets of a piece at most.
pub(super) const LONGEST: usize = 65_507;

/// From now on this socket takes pieces.
pub(super) fn take(socket: &UdpSocket) -> io::Result<()> {
    Ok(setsockopt(socket, UdpGroSegment, &true)?)
}

/// Sends datagrams of `segment` octets each, to `to` or where the socket is connected to.
pub(super) fn send(
    socket: &UdpSocket,
    piece: &[u8],
    segment: usize,
    to: Option<SocketAddrV4>,
) -> io::Result<()> {
    let segment = u16::try_from(segment).unwrap_or(u16::MAX);
    let to = to.map(SockaddrIn::from);
    let (fd, flags) = (socket.as_raw_fd(), MsgFlags::empty());
    let control = [ControlMessage::UdpGsoSegments(&segment)];
    sendmsg(fd, &[IoSlice::new(piece)], &control, flags, to.as_ref())?;
    Ok(())
}

/// How many octets came, how long each datagram in them is, and from where.
pub(super) fn receive(
    socket: &UdpSocket,
    buffer: &mut [u8],
) -> io::Result<(usize, usize, SocketAddr)> {
    let mut room = cmsg_space!(c_int);
    let mut buffer = [IoSliceMut::new(buffer)];
    let (fd, flags) = (socket.as_raw_fd(), MsgFlags::empty());
    let message = recvmsg::<SockaddrIn>(fd, &mut buffer, Some(&mut room), flags)?;
    let segment = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::UdpGroSegments(segment) => usize::try_from(segment).ok(),
        _ => None,
    });
    let from = message.address.ok_or(io::ErrorKind::InvalidData)?;
    Ok((message.bytes, segment.unwrap_or(message.bytes), from.into()))
}
