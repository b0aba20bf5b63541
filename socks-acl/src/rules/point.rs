use std::fmt;

use socks_core::message::AccessPoint;

/// At which point of a session rules decide (`SE-1`). Each point has a list of its own, and what one
/// list says counts for no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Point {
    /// A client has connected and has said nothing yet
    /// ([`AcceptRequest`](socks_core::message::AcceptRequest)).
    Accept,
    /// The request is known, and each address that its name resolves to, and the destination of each
    /// datagram ([`AccessPoint::Request`]).
    Request,
    /// A host has connected to the listener of a BIND ([`AccessPoint::BindPeer`]).
    BindPeer,
    /// A datagram has come from a host outside ([`AccessPoint::UdpReply`]).
    UdpReply,
    /// What passes through a tunnel names a host ([`AccessPoint::Inspection`]).
    Inspection,
}

impl Point {
    /// All points, in the order in which a session comes to them.
    pub const ALL: [Self; 5] = [
        Self::Accept,
        Self::Request,
        Self::BindPeer,
        Self::UdpReply,
        Self::Inspection,
    ];

    /// The name of the point's list in a rule file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Request => "request",
            Self::BindPeer => "bind_peer",
            Self::UdpReply => "udp_reply",
            Self::Inspection => "inspection",
        }
    }

    /// Whether a host outside is judged, and not the client alone.
    pub(crate) const fn has_destination(self) -> bool {
        !matches!(self, Self::Accept)
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// `None` for a point that is newer than these rules.
    pub(super) fn of(point: AccessPoint) -> Option<Self> {
        Some(match point {
            AccessPoint::Request => Self::Request,
            AccessPoint::BindPeer => Self::BindPeer,
            AccessPoint::UdpReply => Self::UdpReply,
            AccessPoint::Inspection => Self::Inspection,
            _ => return None,
        })
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
