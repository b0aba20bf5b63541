//! `recvmmsg` with `UDP_GRO` and `IP_PKTINFO`, `sendmmsg`, and `UDP_SEGMENT`.

mod receive;
mod send;

use std::{net::SocketAddr, sync::OnceLock};

use nix::sys::socket::{MultiHeaders, SockaddrStorage, getsockopt, setsockopt, sockopt};
use tokio::net::UdpSocket;

pub(super) use self::receive::receive;
pub(in crate::udp) use self::send::{Sender, segment_after};

/// Datagrams of one call.
pub(in crate::udp) const TOGETHER: usize = 32;

/// Has the system tell to which address of this machine datagrams for this socket came, and answers
/// whether it does.
pub(in crate::udp) fn hear_where(socket: &UdpSocket) -> bool {
    match socket.local_addr() {
        Ok(SocketAddr::V4(_)) => setsockopt(socket, sockopt::Ipv4PacketInfo, &true).is_ok(),
        Ok(SocketAddr::V6(_)) => setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true).is_ok(),
        Err(_) => false,
    }
}

type Headers = MultiHeaders<SockaddrStorage>;

/// Has each datagram say how many the system dropped before it, and answers whether it will.
pub(in crate::udp) fn tell_drops(socket: &UdpSocket) -> bool {
    setsockopt(socket, sockopt::RxqOvfl, &1).is_ok()
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
