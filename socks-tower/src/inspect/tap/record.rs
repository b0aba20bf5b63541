use std::{net::SocketAddr, time::SystemTime};

use bytes::Bytes;
use socks_core::{
    Address, Command,
    message::{Endpoint, SessionId},
};

use crate::udp::Direction;

/// Something that a [`Tap`](super::Tap) saw.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TapRecord {
    /// In which session.
    pub session: SessionId,
    /// When.
    pub at: SystemTime,
    /// What.
    pub event: TapEvent,
}

/// What a [`Tap`](super::Tap) saw.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TapEvent {
    /// A tunnel or an association begins.
    Begin {
        /// The client's end of its connection.
        peer: Endpoint,
        /// What it asked for.
        command: Command,
        /// Where the tunnel leads; of an association where the client says it sends from.
        destination: Address,
        /// The other end of the tunnel, if that is known.
        remote: Option<SocketAddr>,
    },
    /// Octets that came from one side of a tunnel.
    Octets {
        /// Which way they go.
        direction: Direction,
        /// How many came in this direction before them, so that what is missing shows.
        offset: u64,
        /// A copy of them.
        data: Bytes,
    },
    /// One side has said all it had to say.
    End {
        /// Which way that went.
        direction: Direction,
        /// How many octets came in all.
        offset: u64,
    },
    /// A datagram.
    Datagram {
        /// Which way it goes.
        direction: Direction,
        /// The target or the sender, canonical.
        remote: SocketAddr,
        /// A copy of its payload.
        data: Bytes,
    },
    /// The tunnel or the association is over.
    Over,
}
