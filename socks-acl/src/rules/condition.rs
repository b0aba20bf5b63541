use std::sync::Arc;

use socks_core::{Command, Method, message::Version};

use super::{AnyOf, Glob, NameSet, Point};
use crate::{DomainSet, NetworkSet, PortSet, SpecialPurpose, TimeWindows};

/// What a rule asks about a client, its request or the host outside. One of the listed values is
/// enough; of a rule's conditions all must hold.
///
/// The host outside is the destination; at [`Point::BindPeer`] and [`Point::UdpReply`] it is who has
/// connected or sent. Clones share their sets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Condition {
    /// The client's address. A client of a unix socket has none.
    Client(AnyOf<NetworkSet>),
    /// The name of the listener.
    Listener(Arc<NameSet>),
    /// The client came over TLS ([`TlsPeer`](socks_core::message::TlsPeer)).
    Tls,
    /// A name of the client's certificate, which was verified.
    Certificate(Arc<[Glob]>),
    /// The protocol that the client speaks.
    Version(Arc<[Version]>),
    /// The authenticated user. A name that the client merely claims, by SOCKS4 or with method 00, is
    /// nobody's (`SE-36`).
    User(AnyOf<NameSet>),
    /// A group of the authenticated user (`SE-36`).
    Group(AnyOf<NameSet>),
    /// How the user was authenticated; method 00 includes SOCKS4.
    Method(Arc<[Method]>),
    /// Who owns the connection, as the client's host says: as honest as that host (`ID-24`).
    Ident(AnyOf<NameSet>),
    /// What the client asks for.
    Command(Arc<[Command]>),
    /// The host outside: its name, or its address. The address of a name counts as well, once it is
    /// known.
    Destination(Destination),
    /// The address of the host outside, whatever its name.
    Address(AnyOf<NetworkSet>),
    /// The special-purpose range of that address.
    Range(Arc<[SpecialPurpose]>),
    /// The port of the host outside. In a BIND request it is a wish for the listening port (`BI-3`).
    Port(AnyOf<PortSet>),
    /// The time at which the question is asked.
    Time(AnyOf<TimeWindows>),
    /// Limits of which the client has no volume left
    /// ([`UsedUp`](socks_core::message::UsedUp)), when the request was made.
    UsedUp(Arc<NameSet>),
}

/// Names and networks; a host in one of them will do.
#[derive(Clone, Debug, Default)]
pub struct Destination {
    /// Names. Compared in normal form, on label boundaries (`SE-41`).
    pub domains: AnyOf<DomainSet>,
    /// Networks.
    pub networks: AnyOf<NetworkSet>,
}

impl<D: Into<AnyOf<DomainSet>>> From<D> for Destination {
    fn from(domains: D) -> Self {
        Self {
            domains: domains.into(),
            networks: AnyOf::none(),
        }
    }
}

impl Destination {
    /// Hosts of `networks`, whatever their names.
    pub fn networks(networks: impl Into<AnyOf<NetworkSet>>) -> Self {
        Self {
            domains: AnyOf::none(),
            networks: networks.into(),
        }
    }
}

impl Condition {
    /// The condition's key in a rule file.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Listener(_) => "listener",
            Self::Tls => "tls",
            Self::Certificate(_) => "certificate",
            Self::Version(_) => "version",
            Self::User(_) => "user",
            Self::Group(_) => "group",
            Self::Method(_) => "method",
            Self::Ident(_) => "ident",
            Self::Command(_) => "command",
            Self::Destination(_) => "destination",
            Self::Address(_) => "address",
            Self::Range(_) => "range",
            Self::Port(_) => "port",
            Self::Time(_) => "time",
            Self::UsedUp(_) => "used_up",
        }
    }

    /// What is not known at `point`, if the condition asks for it (`SE-3`).
    pub(super) fn unknown_at(&self, point: Point) -> Option<&'static str> {
        match self {
            Self::Client(_)
            | Self::Listener(_)
            | Self::Tls
            | Self::Certificate(_)
            | Self::Time(_)
            | Self::UsedUp(_) => None,
            _ if point == Point::Accept => Some("the client has not said anything yet"),
            Self::Command(_) if point == Point::BindPeer => Some("the command is always bind"),
            Self::Command(_) if point == Point::UdpReply => {
                Some("the command is always udp-associate")
            }
            Self::Destination(to)
                if !to.domains.is_empty() && matches!(point, Point::BindPeer | Point::UdpReply) =>
            {
                Some("only the address of the host is known, no name")
            }
            _ => None,
        }
    }

    /// Whether it lists nothing, so that it never holds.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Tls => false,
            Self::Client(sets) | Self::Address(sets) => sets.is_empty(),
            Self::User(sets) | Self::Group(sets) | Self::Ident(sets) => sets.is_empty(),
            Self::Port(sets) => sets.is_empty(),
            Self::Time(sets) => sets.is_empty(),
            Self::Listener(set) | Self::UsedUp(set) => set.is_empty(),
            Self::Certificate(list) => list.is_empty(),
            Self::Version(list) => list.is_empty(),
            Self::Method(list) => list.is_empty(),
            Self::Command(list) => list.is_empty(),
            Self::Range(list) => list.is_empty(),
            Self::Destination(Destination { domains, networks }) => {
                domains.is_empty() && networks.is_empty()
            }
        }
    }
}
