use std::{error::Error, fmt};

use socks_core::ReplyCode;

use crate::SpecialPurpose;

/// Why [`SafeDefault`](crate::SafeDefault) refuses. For logs: the client sees only
/// [`code`](Self::code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The address, or an IPv4 address inside it, belongs to this range (`SE-5`…`SE-10`).
    SpecialPurpose(SpecialPurpose),
    /// A listener of the proxy itself (`SE-11`).
    OwnListener,
    /// An address of the proxy itself (`SE-11`).
    OwnAddress,
    /// The broadcast address of an attached network (`SE-10`).
    DirectedBroadcast,
    /// A network that the application denies.
    DeniedNetwork,
    /// `localhost` or a name below it (`SE-5`, RFC 6761 §6.3).
    LocalName,
    /// BIND was not granted (`SE-55`).
    Bind,
    /// BIND for whoever comes was not granted (`SE-58`).
    BindAnyPeer,
    /// A command that is not known here.
    Command,
}

impl Refusal {
    /// What the client is told: `02` for all but an unknown command.
    pub const fn code(self) -> ReplyCode {
        match self {
            Self::Command => ReplyCode::COMMAND_NOT_SUPPORTED,
            _ => ReplyCode::NOT_ALLOWED,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SpecialPurpose(range) => return write!(f, "{range} address"),
            Self::OwnListener => "the proxy's own listener",
            Self::OwnAddress => "the proxy's own address",
            Self::DirectedBroadcast => "broadcast address of an attached network",
            Self::DeniedNetwork => "denied network",
            Self::LocalName => "name of the proxy's machine",
            Self::Bind => "BIND not granted",
            Self::BindAnyPeer => "BIND for any peer not granted",
            Self::Command => "unknown command",
        })
    }
}

impl Error for Refusal {}
