use std::{
    array,
    io::{self, IoSlice},
    net::SocketAddr,
    os::fd::AsRawFd,
};

use nix::{
    errno::Errno,
    sys::socket::{ControlMessage, MsgFlags, SockaddrStorage, sendmmsg, sendmsg},
};

use super::{Headers, TOGETHER};
use crate::udp::{batch::Departure, port::Port};

/// What `sendmmsg` describes datagrams by.
pub(in crate::udp) struct Sender {
    headers: Headers,
    addrs: Vec<Option<SockaddrStorage>>,
}

impl Sender {
    pub(in crate::udp::batch) fn new() -> Self {
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
