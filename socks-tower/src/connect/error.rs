use std::{error::Error, fmt, io};

use socks_core::{NameError, ReplyCode};

use crate::{BoxError, reply_code};

/// Why there is no connection to a target. Its reply code is that of
/// [`reply_code`](fn@crate::reply_code).
#[derive(Debug)]
pub struct ConnectError {
    kind: ConnectErrorKind,
    source: Option<BoxError>,
}

/// What stood in the way of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// The permit lets none of the target's addresses be dialled.
    NotPermitted,
    /// The target's name is malformed.
    Name,
    /// The target's name did not resolve.
    Resolve,
    /// The deadline of the whole connect phase passed.
    TimedOut,
    /// The target is an IPv6 address and IPv6 is switched off.
    FamilyDisabled,
    /// The source address, interface or mark could not be set.
    Egress,
    /// An upstream proxy could not be reached, or did not connect to the target.
    Upstream,
    /// The operating system did not connect.
    Io,
}

impl ConnectError {
    pub(crate) const fn new(kind: ConnectErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn resolve(source: impl Into<BoxError>) -> Self {
        Self {
            kind: ConnectErrorKind::Resolve,
            source: Some(source.into()),
        }
    }

    pub(crate) fn egress(source: io::Error) -> Self {
        Self {
            kind: ConnectErrorKind::Egress,
            source: Some(source.into()),
        }
    }

    pub(crate) fn upstream(source: impl Into<BoxError>) -> Self {
        Self {
            kind: ConnectErrorKind::Upstream,
            source: Some(source.into()),
        }
    }

    /// What stood in the way.
    pub const fn kind(&self) -> ConnectErrorKind {
        self.kind
    }

    /// How far the attempt got: of several errors the client is told the highest (`R5-60`). A
    /// local firewall and a missing address family, which `R5-60` does not rank, tell more than 01.
    pub(super) fn rank(&self) -> u8 {
        match reply_code(self) {
            ReplyCode::CONNECTION_REFUSED => 6,
            ReplyCode::TTL_EXPIRED => 5,
            ReplyCode::HOST_UNREACHABLE => 4,
            ReplyCode::NETWORK_UNREACHABLE => 3,
            ReplyCode::NOT_ALLOWED => 2,
            ReplyCode::ADDRESS_TYPE_NOT_SUPPORTED => 1,
            _ => 0,
        }
    }
}

impl From<io::Error> for ConnectError {
    fn from(source: io::Error) -> Self {
        Self {
            kind: ConnectErrorKind::Io,
            source: Some(source.into()),
        }
    }
}

impl From<NameError> for ConnectError {
    fn from(source: NameError) -> Self {
        Self {
            kind: ConnectErrorKind::Name,
            source: Some(source.into()),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ConnectErrorKind::NotPermitted => "no address of the target may be dialled",
            ConnectErrorKind::Name => "the target's name is malformed",
            ConnectErrorKind::Resolve => "the target's name did not resolve",
            ConnectErrorKind::TimedOut => "the target did not answer in time",
            ConnectErrorKind::FamilyDisabled => "IPv6 is switched off",
            ConnectErrorKind::Egress => "the outgoing socket could not be set up",
            ConnectErrorKind::Upstream => "the upstream proxy did not connect",
            ConnectErrorKind::Io => "the target could not be reached",
        })
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
