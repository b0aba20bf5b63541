use std::{
    array,
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    os::fd::AsRawFd,
};

use libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo};
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
        if let Some(from) = port.leaves_from {
            return one_by_one(list, |departure| {
                let datagram = octets(departure).unwrap_or_default();
                let info = Info::of(from);
                port.send_with(departure.to, datagram, &[info.control()])
            });
        }
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
        let segments = ControlMessage::UdpGsoSegments(&segment);
        match port.leaves_from.map(Info::of) {
            None => port.send_with(to, piece, &[segments]),
            Some(info) => port.send_with(to, piece, &[info.control(), segments]),
        }
    }
}

/// Sends until one fails, like `sendmmsg`, which does not say why unless it is the first.
fn one_by_one(
    list: &[Departure],
    send: impl Fn(&Departure) -> io::Result<()>,
) -> io::Result<usize> {
    for (sent, departure) in list.iter().enumerate() {
        match send(departure) {
            Err(error) if sent == 0 => return Err(error),
            Err(_) => return Ok(sent),
            Ok(()) => {}
        }
    }
    Ok(list.len())
}

/// From which address of this machine a datagram leaves.
enum Info {
    V4(in_pktinfo),
    V6(in6_pktinfo),
}

impl Info {
    fn of(from: IpAddr) -> Self {
        match from {
            IpAddr::V4(ip) => Self::V4(in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: in_addr {
                    s_addr: u32::from_ne_bytes(ip.octets()),
                },
                ipi_addr: in_addr { s_addr: 0 },
            }),
            IpAddr::V6(ip) => Self::V6(in6_pktinfo {
                ipi6_addr: in6_addr {
                    s6_addr: ip.octets(),
                },
                ipi6_ifindex: 0,
            }),
        }
    }

    fn control(&self) -> ControlMessage<'_> {
        match self {
            Self::V4(info) => ControlMessage::Ipv4PacketInfo(info),
            Self::V6(info) => ControlMessage::Ipv6PacketInfo(info),
        }
    }
}

impl Port {
    fn send_with(
        &self,
        to: SocketAddr,
        octets: &[u8],
        control: &[ControlMessage<'_>],
    ) -> io::Result<()> {
        let to = self.address(to);
        sendmsg(
            self.socket.as_raw_fd(),
            &[IoSlice::new(octets)],
            control,
            MsgFlags::empty(),
            to.as_ref(),
        )?;
        Ok(())
    }

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
