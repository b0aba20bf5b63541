use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use socket2::SockRef;
use tokio::net::UdpSocket;

use super::batch;

/// The longest segments that are tried: what fits behind the headers on an Ethernet. The system
/// refuses a piece whose segments it would have to fragment on the way that they take (`UD-36`).
const LONGEST_SEGMENT: (usize, usize) = (1472, 1452);

/// A socket of an association, and how it sends.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) socket: UdpSocket,
    /// Whether the kernel knows the other side, and filters by it.
    pub(super) connected: bool,
    /// Datagrams up to this length may be sent in one piece; 0 for none.
    pub(super) longest_segment: usize,
    /// For how many more calls it is expected that the system has put datagrams together.
    #[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code))]
    pub(super) hears_pieces: u8,
    /// Messages that the next call makes room for: twice what the last one brought, and no less than half of
    /// what that had room for.
    #[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code))]
    pub(super) expects: usize,
    /// Whether the system tells to which address of this machine a datagram came.
    #[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code))]
    pub(super) hears_where: bool,
    /// From which address of this machine datagrams leave, where the system is not to choose.
    #[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code))]
    pub(super) leaves_from: Option<IpAddr>,
    /// Whether datagrams say how many the system dropped before them.
    pub(super) tells_drops: bool,
    /// What they said last, and what of it was asked for.
    pub(super) dropped: u32,
    counted: u32,
}

impl Port {
    pub(super) fn new(socket: UdpSocket, ipv4: bool, segmentation_offload: bool) -> Self {
        let (v4, v6) = LONGEST_SEGMENT;
        let longest = if ipv4 { v4 } else { v6 };
        let segments = segmentation_offload && batch::offload(&socket);
        Self {
            socket,
            connected: false,
            longest_segment: if segments { longest } else { 0 },
            hears_pieces: 0,
            expects: 0,
            hears_where: false,
            leaves_from: None,
            tells_drops: false,
            dropped: 0,
            counted: 0,
        }
    }

    /// Has the system tell to which address a datagram came, for a socket that is bound to none; where
    /// it cannot, it chooses the address that answers leave from.
    pub(super) fn hear_where(mut self) -> Self {
        self.hears_where = batch::hear_where(&self.socket);
        self
    }

    /// Has the system say how many datagrams it drops: for sockets that are not always read.
    pub(super) fn tell_drops(&mut self) {
        if !self.tells_drops {
            self.tells_drops = batch::tell_drops(&self.socket);
        }
    }

    /// How many that were since this was last asked.
    pub(super) fn newly_dropped(&mut self) -> u32 {
        let new = self.dropped.wrapping_sub(self.counted);
        self.counted = self.dropped;
        new
    }

    /// Sends one datagram.
    ///
    /// This goes past tokio's readiness, which a socket has only after its first wait: there is no
    /// waiting to send, what does not fit is dropped.
    pub(super) fn send(&self, to: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        let socket = SockRef::from(&self.socket);
        match self.connected {
            true => socket.send(datagram),
            false => socket.send_to(datagram, &to.into()),
        }
        .map(drop)
    }
}
